// Package labs registers the labs, and opens what they need.
package labs

import (
	"resilab/labs/cacheaside"
	"resilab/labs/convoy"
	"resilab/labs/lab"
	"resilab/labs/retry"
)

// Entry is one lab of the registry. Spec and New are required.
type Entry struct {
	Spec *lab.Spec
	New  lab.Factory
	// Needs returns the kinds of brokers that a run with the given settings
	// opens. Nil: none.
	Needs func(lab.Settings) []string
	// Commands are what the lab adds to the command line.
	Commands []lab.Command
	// Export is nil where no program has the like of the lab's settings.
	Export *lab.Export
	// OnScreen are setup knobs with their defaults on a person's own screen, where
	// these are not the knobs' own, such as a port that others may call.
	OnScreen lab.Settings
}

// All lists the labs in the order of their tabs.
func All() []Entry {
	return []Entry{
		{Spec: retry.Spec(), New: retry.New, Commands: retry.Commands(), Export: retry.Export()},
		{Spec: convoy.Spec(), New: convoy.New, Needs: convoy.Needs, Commands: convoy.Commands()},
		{Spec: cacheaside.Spec(), New: cacheaside.New, Needs: cacheaside.Needs, OnScreen: cacheaside.OnScreen()},
	}
}

// Find returns a lab by its id.
func Find(id string) (Entry, bool) {
	for _, e := range All() {
		if e.Spec.ID == id {
			return e, true
		}
	}
	return Entry{}, false
}
