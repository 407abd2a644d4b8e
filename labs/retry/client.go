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

	"resilab/labs/retry/policy"
)

// amount is what every payment costs, in dollars.
const amount = 99.99

// hangLimit ends a call that nothing else ends: a gateway of the student's own
// may accept connections and never answer, or never end its answer.
const hangLimit = time.Minute

// client calls the gateway.
type client struct {
	http http.Client
	url  string
	keys string // prefix of idempotency keys; empty: send none
}

func newClient(transport http.RoundTripper, url, keys string) *client {
	return &client{url: strings.TrimSuffix(url, "/"), keys: keys, http: http.Client{
		Transport: transport, Timeout: hangLimit,
		// Going where a redirection leads would be a call that no policy made.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// poolSize is how many connections there are at most. Without a bound, a slow
// machine would open ever more of them for calls that only wait for each other.
const poolSize = 1000

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxConnsPerHost:     poolSize,
		MaxIdleConnsPerHost: poolSize,
		IdleConnTimeout:     30 * time.Second,
	}
}

// visit is one call: the attempt of an operation that it is.
type visit struct {
	operation uint64
	attempt   int
	stock     *stockSeen // of a reservation
}

// stockSeen is the version of the stock that a reservation goes by. The zero value
// has seen none. A hedge has two calls at once.
type stockSeen struct{ next atomic.Int64 } // version + 1

func (s *stockSeen) version() (v int64, known bool) { v = s.next.Load(); return v - 1, v > 0 }
func (s *stockSeen) set(version int64)              { s.next.Store(version + 1) }
func (s *stockSeen) forget()                        { s.next.Store(0) }

// answer is what a successful call brought.
type answer struct {
	Transaction string `json:"transactionId"`
	Version     int64  `json:"version"`
	Replayed    bool   `json:"-"` // the gateway repeated what it had answered before
}

// perform makes the call that belongs to the scenario.
func (c *client) perform(ctx context.Context, s Scenario, v visit) (answer, error) {
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

// reserve looks at the stock and takes a piece. Under a key the same parameters must
// be sent until the outcome is known; only another client's success makes it look
// again, and what it asks for then is a new request with a new key.
func (c *client) reserve(ctx context.Context, v visit) (answer, error) {
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

// key is the idempotency key of what the parts identify; empty without keys.
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
func (c *client) send(ctx context.Context, v visit, method, path, key string, body map[string]any) (answer, error) {
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
		return answer{}, refusal(resp, data)
	}
	a := answer{Replayed: resp.Header.Get("Idempotent-Replayed") == "true"}
	_ = json.Unmarshal(data, &a) // a gateway of the student's own may answer anything
	return a, nil
}

func (c *client) request(ctx context.Context, v visit, method, path, key string, body map[string]any) (*http.Request, error) {
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

func refusal(resp *http.Response, data []byte) error {
	var body struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(data, &body)
	err := &policy.StatusError{Status: resp.StatusCode, Msg: body.Error.Message}
	err.After = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	if code := body.Error.Code; code == codeKeyInUse || code == codeConflict {
		return conflict{err, code}
	}
	return err
}

// maxRetryAfter is the longest Retry-After that is believed.
const maxRetryAfter = time.Hour

// retryAfter reads a Retry-After, seconds or a date (RFC 9110, 10.2.3); 0 if it
// is neither, or past.
func retryAfter(header string, now time.Time) time.Duration {
	after := time.Duration(0)
	if seconds, err := strconv.ParseUint(header, 10, 16); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		after = date.Sub(now)
	}
	return max(0, min(after, maxRetryAfter))
}

// Cause is what went wrong with a call, in a word of the catalogue.
type Cause string

// The causes of failure.
const (
	CauseNone        Cause = ""
	CauseTemporary   Cause = "temporary"   // 503
	CauseTimeout     Cause = "timeout"     // no answer in time
	CauseReset       Cause = "reset"       // the connection broke
	CauseUnreachable Cause = "unreachable" // nobody listens
	CauseThrottled   Cause = "throttled"   // 429
	CauseDeclined    Cause = "declined"    // 402
	CauseConflict    Cause = "conflict"    // 409, another client was faster
	CauseInUse       Cause = "in_use"      // 409, the idempotency key is in use
	CauseStatus      Cause = "status"      // any other status
	CauseBreaker     Cause = "breaker"     // the circuit breaker let no call pass
	CauseOther       Cause = "other"
	// CauseCut is nobody's failure: another call of a hedge was faster, or the
	// run ended.
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
