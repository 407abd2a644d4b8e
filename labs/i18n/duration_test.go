package i18n

import (
	"testing"
	"time"
)

func TestWriteDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 7: "7 ns", 240 * time.Microsecond: "240 µs", 999_960: "1 ms", 84_400 * time.Microsecond: "84.4 ms",
		999_600 * time.Microsecond: "1 s", 2936 * time.Millisecond: "2.94 s", 83 * time.Second: "83 s", 90 * time.Second: "90 s",
		2 * time.Minute: "2 min", 125 * time.Second: "125 s", 50 * time.Minute: "50 min", time.Hour: "60 min",
		-1500 * time.Millisecond: "-1.5 s", 12_345 * time.Millisecond: "12.3 s", 5000 * time.Second: "83.3 min",
	} {
		if got := WriteDuration(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}
