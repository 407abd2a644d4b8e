package brokertest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// leakPatience is how long goroutines may take to end after the last test. While a
// Redis is away, go-redis dials it in a goroutine that sleeps a second between two
// attempts and looks only then whether its client is closed (v9.23, tryDial).
const leakPatience = 5 * time.Second

// VerifyTestMain is goleak.VerifyTestMain for tests during which a Redis goes away.
func VerifyTestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		err := goleak.Find() // it waits for half a second
		for limit := time.Now().Add(leakPatience); err != nil && time.Now().Before(limit); {
			err = goleak.Find()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "goroutines that did not end:", err)
			code = 1
		}
	}
	os.Exit(code)
}
