package policy

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// MaxRetryAfter is the longest time that a Retry-After can ask for. A longer one
// counts as this.
const MaxRetryAfter = time.Hour

// ParseRetryAfter reads the value of a Retry-After header (RFC 9110, 10.2.3): whole
// seconds, or a date in one of the three forms of HTTP. A date is taken relative to
// now. It returns false for anything else, such as a sign, a fraction or a unit. A
// time of more than MaxRetryAfter, whatever its length, is MaxRetryAfter; a date
// that is past is 0.
func ParseRetryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.Trim(header, " \t")
	if d, ok := delaySeconds(header); ok {
		return d, true
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	// Sub saturates, so that the year 9999 is not an overflow.
	return min(max(date.Sub(now), 0), MaxRetryAfter), true
}

// delaySeconds reads 1*DIGIT.
func delaySeconds(s string) (time.Duration, bool) {
	var d time.Duration
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		d = min(10*d+time.Duration(c-'0')*time.Second, MaxRetryAfter)
	}
	return d, s != ""
}

// AskedFor returns the wait that the server asked for with its Retry-After; 0 if the
// error names none.
func AskedFor(err error) time.Duration {
	var asks interface{ RetryAfter() time.Duration }
	if errors.As(err, &asks) {
		return asks.RetryAfter()
	}
	return 0
}
