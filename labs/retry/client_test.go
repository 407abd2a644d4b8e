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

	"resilab/labs/retry/policy"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "1.5": 0, "99999999999999999999": 0,
		"60000":                         time.Hour,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"Mon, 01 Mar 2027 12:00:00 GMT": time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", header, got, want)
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
	c := newClient(nil, "http://gateway/", "k-")
	req, err := c.request(context.Background(), visit{operation: 1, attempt: 1}, http.MethodPost, "/payments", c.key(1), map[string]any{"order": 1})
	if err != nil {
		t.Fatal(err)
	}
	if req.GetBody != nil || req.ContentLength <= 0 || req.Header.Get("Idempotency-Key") != "k-1" {
		t.Errorf("the body can be read again: length %d, %v", req.ContentLength, req.Header)
	}
}
