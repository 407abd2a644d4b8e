// Package architecture has no code, only tests: imports run one way, functions
// and types stay small, exported names are documented, the map in
// docs/architecture.md is complete, and the wording is that of the project.
package architecture
