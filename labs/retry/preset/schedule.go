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

// Schedule returns the first count waits with the uniform draws from [0, 1) in turn,
// from the first again after the last. There must be at least one.
func (p Preset) Schedule(count int, draws ...float64) Schedule {
	s := Schedule{Preset: p.Name, DelaysMS: []float64{}}
	if n, ends := p.Attempts(inTurn(draws)); ends {
		s.Attempts = &n
	}
	for _, d := range p.Delays(count, inTurn(draws)) {
		s.DelaysMS = append(s.DelaysMS, float64(d)/float64(time.Millisecond))
	}
	return s
}

func inTurn(draws []float64) func() float64 {
	n := -1
	return func() float64 {
		n++
		return draws[n%len(draws)]
	}
}
