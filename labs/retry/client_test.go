package retry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"resilab/labs/clock"
	"resilab/labs/retry/policy"
)

// A date is relative to the server's clock, and a gateway of the student's own lives
// in real time.
func TestRetryAfterInTheLabsTime(t *testing.T) {
	fourfold := clock.New(nil)
	fourfold.SetSpeed(4)
	header := http.Header{"Date": {"Sun, 01 Mar 2026 12:00:00 GMT"}, "Retry-After": {"Sun, 01 Mar 2026 12:00:30 GMT"}}
	for foreign, want := range map[bool]time.Duration{false: 30 * time.Second, true: 2 * time.Minute} {
		c := &client{clock: fourfold, foreign: foreign}
		if got := c.retryAfter(header); got != want {
			t.Errorf("foreign %v: %v, want %v", foreign, got, want)
		}
	}
}

func TestCauses(t *testing.T) {
	status := func(code int) error { return &policy.StatusError{Status: code} }
	wrapped := func(err error) error { return fmt.Errorf("calling: %w", err) }
	for _, c := range []struct {
		err  error
		want Cause
	}{
		{nil, CauseNone},
		{status(503), CauseTemporary}, {status(429), CauseThrottled}, {status(402), CauseDeclined}, {status(500), CauseStatus},
		{conflict{&policy.StatusError{Status: 409}, codeKeyInUse}, CauseInUse},
		{wrapped(conflict{&policy.StatusError{Status: 409}, codeConflict}), CauseConflict},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, CauseUnreachable},
		{wrapped(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), CauseReset},
		{wrapped(io.EOF), CauseReset},
		{wrapped(context.DeadlineExceeded), CauseTimeout},
		{errors.New("something else"), CauseOther},
	} {
		if got := causeOf(c.err); got != c.want {
			t.Errorf("%v: cause %q, want %q", c.err, got, c.want)
		}
	}
}

// The repetitions of net/http would be attempts that no policy made.
func TestNetHTTPDoesNotRepeatByItself(t *testing.T) {
	c := &client{clock: clock.New(nil), url: "http://gateway", keys: "k-"}
	req, err := c.request(context.Background(), call{operation: 1, attempt: 1}, http.MethodPost, "/payments", c.key(1), map[string]any{"order": 1})
	if err != nil {
		t.Fatal(err)
	}
	if req.GetBody != nil || req.ContentLength <= 0 || req.Header.Get("Idempotency-Key") != "k-1" {
		t.Errorf("the body can be read again: length %d, %v", req.ContentLength, req.Header)
	}
}
