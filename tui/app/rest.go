package app

import (
	"slices"
	"strings"
	"time"

	"resilab/labs/lab"
)

// toldRest is the shortest rest that a person is told about.
const toldRest = 2 * time.Second

// rest lets the labs rest that are not seen, and wakes the others.
func (t *tabs) rest(now time.Time) {
	for i, s := range t.labs {
		hidden := t.away || i != t.active
		measured := s.card.measures() || s.lab.comparing()
		if resting := hidden && !measured; resting != s.lab.rests() {
			s.lab.rest(resting, now)
		}
	}
}

// measures reports whether a run of the open card is being measured.
func (p *cardPanel) measures() bool { return p.open && p.card.Measures() }

// comparing reports whether a run is being measured that follows run A.
func (v *labState) comparing() bool {
	a, b := v.exp.Captured()
	return a != nil && b == nil
}

// rest lets the lab rest or wakes it, and tells the person how long it has rested.
func (v *labState) rest(on bool, now time.Time) {
	began := v.rested
	v.exp.Rest(on)
	if on {
		v.rested = now
		return
	}
	v.rested = time.Time{}
	if d := now.Sub(began); d >= toldRest {
		v.host.say("ui.rested", d.Truncate(time.Second))
	}
	v.host.changed()
}

// rests reports whether the lab rests.
func (v *labState) rests() bool { return !v.rested.IsZero() }

// concerned returns the settings that a visitor does not get as asked for, without
// those that concern no figure of the open card.
func (p *cardPanel) concerned(cuts []lab.Cut) []lab.Cut {
	if !p.open {
		return cuts
	}
	figures := p.card.Figures()
	return slices.DeleteFunc(cuts, func(c lab.Cut) bool {
		concerns := func(metric string) bool { return c.Spares == "" || !strings.HasPrefix(metric, c.Spares) }
		return len(figures) > 0 && !slices.ContainsFunc(figures, concerns)
	})
}
