package lab

import (
	"math"
	"testing"
)

func TestFormatWrite(t *testing.T) {
	for _, tc := range []struct {
		f    Format
		v    float64
		want string
	}{
		{Count, 1234, "1234"},
		{Share, 0.182, "18.2 %"},
		{Share, 1, "100 %"},
		{Share, 0.99999, "99.9 %"},
		{Share, 0.00001, "0.1 %"},
		{Share, 0, "0 %"},
		{Times, 1.866, "1.87×"},
		{Millis, 240.4, "240 ms"},
		{Millis, 0.25, "250 µs"},
		{Millis, 2936, "2.94 s"},
		{Millis, 0, "0 s"},
		{Millis, 12.34, "12.3 ms"},
		{PerSecond, 52, "52 /s"},
		{Money, 99.99, "$99.99"},
		{Number, math.NaN(), "–"},
	} {
		if got := tc.f.Write(tc.v); got != tc.want {
			t.Errorf("Format(%d).Write(%v) = %q, want %q", tc.f, tc.v, got, tc.want)
		}
	}
}
