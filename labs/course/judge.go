package course

import (
	"slices"
)

// Judgement is what a run is worth for a card at one moment.
type Judgement struct {
	Conditions []Condition
	Short      []Shortage // samples that are still missing
	Changed    []string   // knobs that differ from run A and must not
	OtherSeed  bool       // run A was taken with another seed
	OtherWorld bool       // run A was taken on another kind of broker
	Same       bool       // the settings are those of run A, and the card compares several runs
	Embedded   bool       // the card needs a real broker, and the run has none
	Wide       bool       // the wider band for real brokers was applied
	Letter     string     // under which letter the run is kept
	Kept       bool       // it was kept under that letter, and others are still missing
	Passed     bool

	run *Evidence
}

// Shortage is a sample that has not enough yet.
type Shortage struct {
	Sample
	Have float64
}

// Counts reports whether the run may be kept at all.
func (j Judgement) Counts() bool {
	return len(j.Short) == 0 && len(j.Changed) == 0 && !j.OtherSeed && !j.OtherWorld && !j.Same && !j.Embedded
}

// judgeA reports whether a run may become run A: enough samples, and the
// settings that the card starts from.
func (c *Card) judgeA(run *Evidence) Judgement {
	return Judgement{
		run: run, Letter: Letters[:1], Short: c.short(run), Embedded: c.embedded(run),
		Changed: changed(c.Spec, run.Settings(c.Spec), c.Start, c.Free),
	}
}

// Judge judges the last of some runs, which are in the order of their letters.
// Before all runs of the card are there it judges what the run must show to be
// kept, and then the card's check. A run that is missing is nil.
func (c *Card) Judge(runs ...*Evidence) Judgement {
	b := runs[len(runs)-1]
	j := Judgement{run: b}
	j.Wide = b != nil && b.real(c.Broker)
	last := len(runs) >= c.Runs()
	check := c.rules.last(j.Wide)
	if !last {
		check = c.rules.keep[len(runs)-1]
	}
	holds := true
	if check != nil {
		j.Conditions, holds = check.judge(situation(c.Spec, runs...))
	}
	if slices.Contains(runs, nil) {
		return j
	}
	c.obstacles(&j, runs[0], b)
	sound := len(c.short(runs[0])) == 0 && !c.embedded(runs[0]) &&
		len(changed(c.Spec, runs[0].Settings(c.Spec), c.Start, c.Free)) == 0
	j.Kept = holds && sound && j.Counts()
	j.Passed = last && j.Kept
	return j
}

// obstacles notes what keeps run b from counting beside run a.
func (c *Card) obstacles(j *Judgement, a, b *Evidence) {
	of, with := b.Settings(c.Spec), a.Settings(c.Spec)
	j.Short, j.Embedded = c.short(b), c.embedded(b)
	j.Changed = changed(c.Spec, of, c.Start, slices.Concat(c.Opens, c.Free))
	for _, id := range c.Free {
		if of[id] != with[id] {
			j.Changed = append(j.Changed, id)
		}
	}
	j.OtherSeed = a.Seed != b.Seed
	j.OtherWorld = a.real(c.Broker) != b.real(c.Broker)
	j.Same = c.Runs() > 2 && c.alike(a, b)
}
