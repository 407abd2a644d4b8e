package policy

import (
	"fmt"
	"strings"
)

// Jitter is a way to spread waits by chance.
type Jitter int

// The kinds of jitter. v is the exponential step min(Cap, Base·Factor^n) and r a
// uniform draw from [0, 1).
const (
	// None waits exactly v.
	None Jitter = iota
	// Full waits r·v: from 0 to v.
	// Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
	Full
	// Equal waits v/2 + r·v/2: from half of v to v. Source: as Full.
	Equal
	// Decorrelated waits min(Cap, Base + r·(3·previous − Base)), where the first
	// previous is Base; Factor plays no part. Source: as Full.
	Decorrelated
	// Percent waits v·(1 + (2r−1)·JitterPct/100), but never above Cap. It is the
	// spread of Resilience4j, cenkalti/backoff and failsafe-go.
	Percent
	// Jpillora waits Base + r·(Base·Factor^n − Base), but never above Cap: the
	// jitter of jpillora/backoff, which is taken before the cap and so leaves the
	// first wait, and late ones that reach the cap, without any spread.
	Jpillora
	// Randomize waits v·(1+r), from v to 2·v, but never above Cap. It is the option
	// of that name in async-retry and promise-retry, and Spring Retry's random when
	// the factor is 2.
	Randomize

	jitterCount
)

var jitterNames = [jitterCount]string{"none", "full", "equal", "decorrelated", "percent", "jpillora", "randomize"}

func (j Jitter) String() string {
	if j < 0 || j >= jitterCount {
		return fmt.Sprintf("jitter(%d)", int(j))
	}
	return jitterNames[j]
}

// JitterNames lists the names ParseJitter accepts, in the order of the constants.
func JitterNames() []string { return append([]string(nil), jitterNames[:]...) }

// ParseJitter returns the jitter of that name, or an *InvalidError.
func ParseJitter(name string) (Jitter, error) {
	for j, known := range jitterNames {
		if name == known {
			return Jitter(j), nil
		}
	}
	return None, unknownJitter(name)
}

// MarshalText writes the name, so that JSON holds "full" and not 1.
func (j Jitter) MarshalText() ([]byte, error) { return []byte(j.String()), nil }

// UnmarshalText is ParseJitter for encoders.
func (j *Jitter) UnmarshalText(text []byte) (err error) {
	*j, err = ParseJitter(string(text))
	return err
}

func unknownJitter(name string) error {
	return &InvalidError{"jitter", name, UnknownName, strings.Join(jitterNames[:], ", ")}
}
