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

// Registry is labs in the order of their tabs.
type Registry []Entry

// All returns the labs of the program.
func All() Registry {
	return Registry{
		{Spec: retry.Spec(), New: retry.New, Commands: retry.Commands(), Export: retry.Export()},
		{Spec: convoy.Spec(), New: convoy.New, Needs: convoy.Needs, Commands: convoy.Commands(), Export: convoy.Export()},
		{Spec: cacheaside.Spec(), New: cacheaside.New, Needs: cacheaside.Needs, Export: cacheaside.Export(),
			OnScreen: cacheaside.OnScreen()},
	}
}

// Find returns a lab by its id.
func (r Registry) Find(id string) (Entry, bool) {
	for _, e := range r {
		if e.Spec.ID == id {
			return e, true
		}
	}
	return Entry{}, false
}

// Specs returns the declarations of all labs.
func (r Registry) Specs() (specs []*lab.Spec) {
	for _, e := range r {
		specs = append(specs, e.Spec)
	}
	return specs
}

// IDs returns the ids of the labs for which suits returns true; nil is for all.
func (r Registry) IDs(suits func(Entry) bool) (ids []string) {
	for _, e := range r {
		if suits == nil || suits(e) {
			ids = append(ids, e.Spec.ID)
		}
	}
	return ids
}
