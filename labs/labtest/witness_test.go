package labtest

import (
	"testing"
	"time"
)

func TestPunctuality(t *testing.T) {
	for _, c := range []struct {
		name string
		late []time.Duration
		kept bool
	}{
		{"never late", []time.Duration{0, 0, 0}, true},
		{"a little late", []time.Duration{time.Millisecond, 3 * time.Millisecond, 0}, true},
		{"held up once", []time.Duration{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41 * time.Millisecond}, false},
		{"always late", []time.Duration{3 * time.Millisecond, 3 * time.Millisecond}, false},
	} {
		var p punctuality
		for _, late := range c.late {
			p.woken(late)
		}
		if p.kept() != c.kept {
			t.Errorf("%s: kept time is %v", c.name, p.kept())
		}
	}
}
