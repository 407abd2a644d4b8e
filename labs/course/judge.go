package course

// Judgement is what a run is worth for a card at one moment.
type Judgement struct {
	Conditions []Condition
	Short      []Shortage // samples that are still missing
	Changed    []string   // knobs that differ from run A and must not
	OtherSeed  bool       // run A was taken with another seed
	OtherWorld bool       // run A was taken on another kind of broker
	Wide       bool       // the wider band for real brokers was applied
	Passed     bool

	run *Evidence
}

// Shortage is a sample that has not enough yet.
type Shortage struct {
	Sample
	Have float64
}

// Counts tells whether the run may be kept at all.
func (j Judgement) Counts() bool {
	return len(j.Short) == 0 && len(j.Changed) == 0 && !j.OtherSeed && !j.OtherWorld
}

// judgeA tells whether a run may become run A: enough samples, and the
// settings that the card starts from.
func (c *Card) judgeA(run *Evidence) Judgement {
	return Judgement{run: run, Short: c.short(run), Changed: c.changed(run.settings(c.Spec), c.Start, nil)}
}

// Judge judges run b against run a. Either may be nil.
func (c *Card) Judge(a, b *Evidence) Judgement {
	j := Judgement{run: b}
	check := c.check
	if b != nil && b.real(c.Broker) {
		check, j.Wide = c.checkReal, true
	}
	var holds bool
	j.Conditions, holds = check.judge(situation(c.Spec, a, b))
	if a == nil || b == nil {
		return j
	}
	j.Short = c.short(b)
	j.Changed = c.changed(b.settings(c.Spec), c.Start, c.Opens)
	j.OtherSeed = a.Seed != b.Seed
	j.OtherWorld = a.real(c.Broker) != b.real(c.Broker)
	sound := len(c.short(a)) == 0 && len(c.changed(a.settings(c.Spec), c.Start, nil)) == 0
	j.Passed = holds && sound && j.Counts()
	return j
}

func (c *Card) short(run *Evidence) (missing []Shortage) {
	for _, s := range c.Samples {
		if have := run.Metrics[s.Metric]; have < s.Min {
			missing = append(missing, Shortage{Sample: s, Have: have})
		}
	}
	return missing
}
