package gateway

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const maxBody = 4 << 10 // bytes

// request is one HTTP request with what the draws need.
type request struct {
	*state
	http      *http.Request
	operation uint64
	attempt   int
	body      []byte
}

// endpoint carries out a request that was let in.
type endpoint func(*request) answer

func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /payments", g.handler(pay, true))
	mux.HandleFunc("POST /notifications", g.handler(notify, true))
	mux.HandleFunc("POST /reservations", g.handler(reserve, true))
	mux.HandleFunc("GET /recommendations", g.handler(recommend, true))
	mux.HandleFunc("GET /stock", g.handler(stock, false))
	return mux
}

// handler wraps an endpoint in outage, limit, failure, idempotency key, capacity,
// and the time that work takes. A request that is refused before the key is looked
// at leaves no trace under that key. injectFaults reports whether random faults
// apply to the route.
func (g *Gateway) handler(do endpoint, injectFaults bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.working.RLock()
		defer g.working.RUnlock()
		req, err := g.read(w, r)
		switch {
		case err != nil:
			refuse(w, http.StatusBadRequest, "unreadable", err.Error())
		case req.down():
			req.inOutage.Add(1)
			reset(w)
		case !req.throttle.allow(g.clock.Now()):
			w.Header().Set("Retry-After", wholeSeconds(req.cfg.RetryAfter))
			refuse(w, http.StatusTooManyRequests, "rate_limit", "too many requests")
		case injectFaults && req.cfg.fails(req.operation, req.attempt):
			req.unavailable(w)
		default:
			a := req.serve(w.Header(), do)
			if injectFaults && req.cfg.losesReply(req.operation, req.attempt) {
				a = answer{}
			}
			a.write(w)
		}
	}
}

func (g *Gateway) read(w http.ResponseWriter, r *http.Request) (*request, error) {
	req := &request{state: g.state.Load(), http: r}
	req.operation, _ = strconv.ParseUint(r.Header.Get("X-Operation"), 10, 64)
	req.attempt, _ = strconv.Atoi(r.Header.Get("X-Attempt"))
	if req.operation == 0 || req.attempt < 1 {
		req.operation, req.attempt = req.cfg.unnamed(req.unnamed.Add(1) - 1)
	}
	var err error
	req.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	return req, err
}

// unavailable answers 503 after the time an answer takes.
func (req *request) unavailable(w http.ResponseWriter) {
	a := problem(http.StatusServiceUnavailable, "temporary", "temporary error")
	if !req.sleep(req.cfg.latency(req.operation, req.attempt)) {
		a = answer{}
	}
	a.write(w)
}

// serve does the work under the request's idempotency key, if it has one.
func (req *request) serve(header http.Header, do endpoint) answer {
	key := req.http.Header.Get("Idempotency-Key")
	switch {
	case req.http.Method != http.MethodPost || key == "":
		a, _ := req.execute(do)
		return a
	case len(key) > maxKey:
		return problem(http.StatusBadRequest, "idempotency_error", "the key is longer than 255 characters")
	}
	decision, stored := req.keys.begin(key, parametersOf(req.http.URL.Path, req.body))
	switch decision {
	case replay:
		header.Set("Idempotent-Replayed", "true")
		return stored
	case inUse:
		return problem(http.StatusConflict, "idempotency_key_in_use", "a request with this key is being worked on")
	case otherBody:
		return problem(http.StatusBadRequest, "idempotency_error", "this key was used with other parameters")
	}
	a, executed := req.execute(do)
	if executed && !a.invalid() {
		req.keys.finish(key, a)
	} else {
		req.keys.forget(key)
	}
	return a
}

// execute waits for a worker, takes the time the work needs, and does it. It
// reports whether the work was begun: only then is its answer kept.
func (req *request) execute(do endpoint) (a answer, executed bool) {
	if !req.workers.enter(req.ctx) {
		return problem(http.StatusServiceUnavailable, "overloaded", "the queue is full"), false
	}
	slept := req.sleep(req.cfg.latency(req.operation, req.attempt))
	req.workers.release()
	if !slept {
		return answer{}, false
	}
	return do(req), true
}

// reset breaks the connection without an answer, as a crash or a cut line does.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http closes the connection, too
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST instead of FIN; without it the client sees EOF, which also fails the call
	}
	_ = conn.Close()
}

// wholeSeconds formats a Retry-After, which has no fractions; the least is 1.
func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}
