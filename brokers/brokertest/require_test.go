package brokertest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// verdict records how a test was ended.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper()                        {}
func (v *verdict) Skip(args ...any)               { v.skipped = fmt.Sprint(args...) }
func (v *verdict) Fatalf(format string, a ...any) { v.failed = fmt.Sprintf(format, a...); panic(v) }

func TestUnavailable(t *testing.T) {
	end := func(require string) (v verdict) {
		t.Setenv("RESILAB_REQUIRE_BROKERS", require)
		defer func() { _ = recover() }() // a real Fatalf does not return either
		Unavailable(&v, errors.New("RabbitMQ is not installed"))
		return
	}
	if v := end(""); !strings.Contains(v.skipped, "RabbitMQ is not installed") || v.failed != "" {
		t.Errorf("skipped %q, failed %q", v.skipped, v.failed)
	}
	if v := end("1"); !strings.Contains(v.failed, "RabbitMQ is not installed") || v.skipped != "" {
		t.Errorf("where brokers are required: skipped %q, failed %q", v.skipped, v.failed)
	}
}
