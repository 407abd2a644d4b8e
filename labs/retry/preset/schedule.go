package preset

import "time"

// Schedule is what a preset does, in the form the command line prints as JSON.
type Schedule struct {
	Preset string `json:"preset"`
	// Attempts is how many calls an operation makes that always fails; null if
	// nothing but success ends it.
	Attempts *int `json:"attempts"`
	// DelaysMS are the first waits in milliseconds.
	DelaysMS []float64 `json:"delays_ms"`
}

// Schedule returns the first count waits with the same uniform draw r from [0, 1)
// for each.
func (p Preset) Schedule(count int, r float64) Schedule {
	random := func() float64 { return r }
	s := Schedule{Preset: p.Name, DelaysMS: []float64{}}
	if n, ends := p.Attempts(random); ends {
		s.Attempts = &n
	}
	for _, d := range p.Delays(count, random) {
		s.DelaysMS = append(s.DelaysMS, float64(d)/float64(time.Millisecond))
	}
	return s
}
