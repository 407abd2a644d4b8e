package retry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"resilab/labs/clock"
	"resilab/labs/retry/policy"
)

// amount is what every payment costs, in dollars.
const amount = 99.99

// hangLimit ends a call that no time-out of the policy ends: a gateway of the
// student's own may accept connections and never answer, or never end its answer.
const hangLimit = time.Minute

// client calls the gateway.
type client struct {
	clock   *clock.Clock
	http    *http.Client
	url     string
	keys    string // prefix of idempotency keys; empty: send none
	foreign bool   // the gateway's time is real, not the lab's
}

func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		// Following a redirection would be a call that no policy made.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// poolSize is how many connections there are at most. Without a bound, a slow
// machine would open ever more of them for calls that only wait for each other.
const poolSize = 1000

func newTransport(n network) *http.Transport {
	return &http.Transport{
		DialContext:         n.dial,
		MaxConnsPerHost:     poolSize,
		MaxIdleConnsPerHost: poolSize,
		IdleConnTimeout:     30 * time.Second,
	}
}

// call is one attempt of an operation.
type call struct {
	operation uint64
	attempt   int
	stock     *stockSeen // of a reservation
}

// stockSeen is the version of the stock that a reservation is based on. The zero
// value has seen none. A hedge has two calls at once.
type stockSeen struct{ next atomic.Int64 } // version + 1

func (s *stockSeen) version() (v int64, known bool) { v = s.next.Load(); return v - 1, v > 0 }
func (s *stockSeen) set(version int64)              { s.next.Store(version + 1) }
func (s *stockSeen) forget()                        { s.next.Store(0) }

// answer is the result of a successful call.
type answer struct {
	Transaction string `json:"transactionId"`
	Version     int64  `json:"version"`
	Replayed    bool   `json:"-"` // the gateway repeated what it had answered before
}

// perform makes the call that belongs to the scenario.
func (c *client) perform(ctx context.Context, s Scenario, v call) (answer, error) {
	switch s {
	case Inventory:
		return c.reserve(ctx, v)
	case Recommendations:
		return c.send(ctx, v, http.MethodGet, "/recommendations", "", nil)
	case Notifications:
		return c.send(ctx, v, http.MethodPost, "/notifications", c.key(v.operation), map[string]any{"order": v.operation})
	default:
		return c.send(ctx, v, http.MethodPost, "/payments", c.key(v.operation), map[string]any{"order": v.operation, "amount": amount})
	}
}

// reserve reads the stock and takes a piece. Under a key the same parameters must be
// sent until the outcome is known; only after another client's success is the stock
// read again, and that reservation is a new request with a new key.
func (c *client) reserve(ctx context.Context, v call) (answer, error) {
	version, known := v.stock.version()
	if !known || c.keys == "" {
		stock, err := c.send(ctx, v, http.MethodGet, "/stock", "", nil)
		if err != nil {
			return answer{}, err
		}
		version = stock.Version
		v.stock.set(version)
	}
	body := map[string]any{"order": v.operation, "version": version}
	a, err := c.send(ctx, v, http.MethodPost, "/reservations", c.key(v.operation, uint64(version)), body)
	if causeOf(err) == CauseConflict {
		v.stock.forget()
	}
	return a, err
}

// key returns the idempotency key of what the parts identify; empty without keys.
func (c *client) key(parts ...uint64) string {
	if c.keys == "" {
		return ""
	}
	words := make([]string, len(parts))
	for i, part := range parts {
		words[i] = strconv.FormatUint(part, 10)
	}
	return c.keys + strings.Join(words, "-")
}

// send makes one HTTP request. key is its idempotency key; empty: none.
func (c *client) send(ctx context.Context, v call, method, path, key string, body map[string]any) (answer, error) {
	ctx, cancel := c.clock.WithTimeout(ctx, hangLimit)
	defer cancel()
	req, err := c.request(ctx, v, method, path, key, body)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("calling the gateway: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return answer{}, fmt.Errorf("reading the gateway's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return answer{}, c.refusal(resp, data)
	}
	a := answer{Replayed: resp.Header.Get("Idempotent-Replayed") == "true"}
	_ = json.Unmarshal(data, &a) // a gateway of the student's own may answer anything
	return a, nil
}

func (c *client) request(ctx context.Context, v call, method, path, key string, body map[string]any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	// net/http repeats a request by itself when a kept connection breaks, if it
	// can read the body again and sees an idempotency key. Here every repetition
	// must be the policy's.
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Operation", strconv.FormatUint(v.operation, 10))
	req.Header.Set("X-Attempt", strconv.Itoa(v.attempt))
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}

// Codes of the gateway's 409 answers.
const (
	codeKeyInUse = "idempotency_key_in_use"
	codeConflict = "version_conflict"
)

// conflict is a 409 that passes: the key is in use, or another client was faster.
type conflict struct {
	*policy.StatusError
	code string
}

func (conflict) Transient() bool { return true }

func (c *client) refusal(resp *http.Response, data []byte) error {
	var body struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(data, &body)
	err := &policy.StatusError{Status: resp.StatusCode, Msg: body.Error.Message}
	err.After = c.retryAfter(resp.Header)
	if code := body.Error.Code; code == codeKeyInUse || code == codeConflict {
		return conflict{err, code}
	}
	return err
}

// retryAfter returns the time that an answer asks to wait, in the lab's time; 0 where
// it names none. A date is relative to the server's Date header, if there is one: the two
// machines' clocks may differ.
func (c *client) retryAfter(h http.Header) time.Duration {
	now := time.Now()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	after, _ := policy.ParseRetryAfter(h.Get("Retry-After"), now)
	if c.foreign {
		return c.clock.Lab(after)
	}
	return after
}

// Cause is what went wrong with a call, in a word of the catalogue.
type Cause string

// The causes of failure.
const (
	CauseNone        Cause = ""
	CauseTemporary   Cause = "temporary"   // 503
	CauseTimeout     Cause = "timeout"     // no answer in time
	CauseReset       Cause = "reset"       // the connection broke
	CauseUnreachable Cause = "unreachable" // nothing listens
	CauseThrottled   Cause = "throttled"   // 429
	CauseDeclined    Cause = "declined"    // 402
	CauseConflict    Cause = "conflict"    // 409, another client was faster
	CauseInUse       Cause = "in_use"      // 409, the idempotency key is in use
	CauseStatus      Cause = "status"      // any other status
	CauseBreaker     Cause = "breaker"     // the circuit breaker let no call pass
	CauseOther       Cause = "other"
	// CauseCut is not a failure: another call of a hedge was faster, or the run
	// ended.
	CauseCut Cause = "cut"
)

func causeOf(err error) Cause {
	var c conflict
	var status *policy.StatusError
	var network net.Error
	switch {
	case err == nil:
		return CauseNone
	case errors.As(err, &c) && c.code == codeKeyInUse:
		return CauseInUse
	case errors.As(err, &c):
		return CauseConflict
	case errors.As(err, &status):
		return causeOfStatus(status.Status)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return CauseUnreachable
	case errors.As(err, &network) && network.Timeout():
		return CauseTimeout
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return CauseReset
	}
	return CauseOther
}

func causeOfStatus(status int) Cause {
	switch status {
	case http.StatusServiceUnavailable:
		return CauseTemporary
	case http.StatusTooManyRequests:
		return CauseThrottled
	case http.StatusPaymentRequired:
		return CauseDeclined
	}
	return CauseStatus
}
