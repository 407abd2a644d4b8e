// Package labtest is the conformance suite of the labs: a declaration is sound,
// its texts are complete in both languages, settings survive being written as
// flags, and an engine starts, measures, pauses, steps and stops cleanly, draws
// the same for the same seed, and shows an effect of every knob.
package labtest

import (
	"testing"

	"resilab/labs/lab"
)

// Subject is a lab under test.
type Subject struct {
	Spec *lab.Spec
	New  lab.Factory
	// Env is what the lab may use. The suite sets its clock.
	Env lab.Env
	// Draws returns what chance decided for the operations in a snapshot, oldest
	// first, without anything that was measured; Still are settings beside the
	// defaults under which chance decides much. The lab is stepped then and nothing
	// else arrives. Nil: chance decides nothing but when work arrives.
	Still lab.Settings
	Draws func(*lab.Snapshot) []string
	// InMemory is set where New gives the lab all it needs in memory: the
	// experiments of the knobs then take no real time.
	InMemory bool
	// Brief has Run leave out the experiments of the knobs, where another test of
	// the lab makes them.
	Brief bool
}

// Run checks everything. Declarations come first: a fault there would make the
// rest wait for what cannot come.
func Run(t *testing.T, s Subject) {
	declared := t.Run("declaration", func(t *testing.T) { checkDeclaration(t, s.Spec) })
	t.Run("texts", func(t *testing.T) { checkTexts(t, s.Spec) })
	t.Run("settings survive flags and JSON", func(t *testing.T) { checkRoundTrip(t, s.Spec) })
	if !declared {
		return
	}
	t.Run("works, pauses, steps", func(t *testing.T) { checkWorks(t, s) })
	t.Run("draws belong to the seed", func(t *testing.T) { checkDraws(t, s) })
	t.Run("every setting can be changed while it works", func(t *testing.T) { checkKnobs(t, s) })
	if !s.Brief {
		t.Run("every knob has its effect", func(t *testing.T) { Effects(t, s) })
	}
	t.Run("stops twice", func(t *testing.T) { checkStop(t, s) })
	t.Run("a panic ends no other lab", func(t *testing.T) { checkCrash(t, s) })
}
