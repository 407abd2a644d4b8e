package policy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"resilab/labs/retry/policy"
)

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const refused = -1
	for header, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "007": 7 * time.Second, "3599": 3599 * time.Second,
		"60000": policy.MaxRetryAfter, "65536": policy.MaxRetryAfter, "86400": policy.MaxRetryAfter,
		"99999999999999999999": policy.MaxRetryAfter, strings.Repeat("9", 5000): policy.MaxRetryAfter,
		"Sun, 01 Mar 2026 12:00:30 GMT":  30 * time.Second,
		"Sunday, 01-Mar-26 12:00:30 GMT": 30 * time.Second,
		"Sun Mar  1 12:00:30 2026":       30 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT":  0,
		"Mon, 01 Mar 2027 12:00:00 GMT":  policy.MaxRetryAfter,
		"Fri, 31 Dec 9999 23:59:59 GMT":  policy.MaxRetryAfter,
		"":                               refused, "-1": refused, "+1": refused, "1.5": refused, "1e3": refused, "1 s": refused, "soon": refused,
		"Sun, 01 Mar 2026 12:00:30 PET": refused, "٣": refused, "7\n": refused,
	} {
		got, ok := policy.ParseRetryAfter(header, now)
		if !ok {
			got = refused
		}
		if got != want {
			t.Errorf("Retry-After %.40q: %v, want %v", header, got, want)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, seed := range []string{"7", "-1", "1.5", "99999999999999999999", "Sun, 01 Mar 2026 12:00:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(seed, int64(1772366400))
	}
	f.Fuzz(func(t *testing.T, header string, seconds int64) {
		now := time.Unix(seconds%(1<<40), 0)
		d, ok := policy.ParseRetryAfter(header, now)
		if d < 0 || d > policy.MaxRetryAfter || !ok && d != 0 {
			t.Errorf("%q: %v, %v", header, d, ok)
		}
		digits := strings.Trim(header, " \t")
		allDigits := digits != "" && strings.Trim(digits, "0123456789") == ""
		if _, err := http.ParseTime(digits); ok != (allDigits || err == nil) {
			t.Errorf("%q is understood: %v", header, ok)
		}
	})
}
