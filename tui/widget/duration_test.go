package widget

import (
	"testing"
	"time"
)

func TestUnit(t *testing.T) {
	for _, c := range []struct {
		greatest, d time.Duration
		want        string
	}{
		{2 * time.Second, 919 * time.Millisecond, "0.919 s"},
		{2 * time.Second, 1024 * time.Millisecond, "1.02 s"},
		{2 * time.Second, 0, "0.000 s"},
		{90 * time.Second, 12340 * time.Millisecond, "12.3 s"},
		{90 * time.Second, 90 * time.Second, "90.0 s"},
		{999 * time.Millisecond, 370 * time.Microsecond, "0.370 ms"},
		{999 * time.Millisecond, 1634 * time.Microsecond, "1.63 ms"},
		{999 * time.Millisecond, 82345 * time.Microsecond, "82.3 ms"},
		{999 * time.Millisecond, 999 * time.Millisecond, "999 ms"},
		{400 * time.Microsecond, 358400 * time.Nanosecond, "358 µs"},
		{0, 0, "0.000 µs"},
	} {
		if got := UnitOf(c.greatest).Write(c.d); got != c.want {
			t.Errorf("%v beside %v: %q, want %q", c.d, c.greatest, got, c.want)
		}
	}
}
