// Package compare measures policy.Do beside other libraries. It is a module of its
// own, so that they are not dependencies of the labs:
//
//	cd labs/retry/policy/compare && go test -bench . -count 3
package compare
