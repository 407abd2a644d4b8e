package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"encoding/json"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
)

const (
	// portTries is how many ports are tried where the address may move.
	portTries = 20
	bodyMax   = 64 << 10
	listMax   = 100
	// clientTimeout bounds what a client may take for its request and the answer.
	clientTimeout = 30 * time.Second
)

// endpoint serves the product service over HTTP, as the course's demo does.
type endpoint struct {
	addr   string
	server *http.Server
	done   chan error
}

// listen serves on addr. Where that port is taken, an address that ends in + moves
// to the next free one; any other is an error.
func listen(addr string, present *presentRun) (*endpoint, error) {
	listener, err := listenAt(addr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /product/{id}", served(present, getProduct))
	mux.HandleFunc("PUT /product/{id}", served(present, putPrice))
	mux.HandleFunc("GET /products", served(present, getProducts))
	mux.HandleFunc("/product/{id}", onlyBy("GET, HEAD, PUT"))
	mux.HandleFunc("/products", onlyBy("GET, HEAD"))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		response{status: http.StatusNotFound, body: noRoute}.write(w)
	})
	e := &endpoint{addr: listener.Addr().String(), done: make(chan error, 1),
		server: &http.Server{Handler: mux, ReadTimeout: clientTimeout, WriteTimeout: clientTimeout}}
	go func() { e.done <- e.server.Serve(listener) }()
	return e, nil
}

func listenAt(addr string) (net.Listener, error) {
	fixed, moves := strings.CutSuffix(addr, "+")
	host, portText, err := net.SplitHostPort(fixed)
	if err != nil {
		return nil, fmt.Errorf("reading the address %q for HTTP: %w", addr, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port > 65535 {
		return nil, fmt.Errorf("reading the address %q for HTTP: the port must be a number from 0 to 65535", addr)
	}
	last := port
	if moves && port > 0 {
		last = min(port+portTries, 65535)
	}
	for ; ; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return listener, nil
		}
		if port == last {
			return nil, fmt.Errorf("listening for HTTP at %s: %w", addr, err)
		}
	}
}

// close lets running requests end, and waits. A client that has not even sent its
// request by then is cut off.
func (e *endpoint) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	err := e.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = e.server.Close()
	}
	if served := <-e.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("closing the HTTP endpoint: %w", err)
	}
	return nil
}

// handler answers a request within a run.
type handler func(ctx context.Context, req *http.Request, r *run) response

// served calls a handler within the run under way, and once more in the next one
// if the run has ended meanwhile and the request changes nothing.
func served(present *presentRun, do handler) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		answer := response{status: http.StatusServiceUnavailable, body: notYet}
		req.Body = http.MaxBytesReader(w, req.Body, bodyMax)
		for again := true; again; {
			again = false
			present.enter(req.Context(), func(ctx context.Context, r *run) {
				r.counters.Reads.HTTP.Add(1)
				r.inFlight.Add(1)
				defer r.inFlight.Add(-1)
				answer = do(ctx, req, r)
				again = r.Context().Err() != nil && req.Context().Err() == nil && req.Method != http.MethodPut
			})
		}
		answer.write(w)
	}
}

// productID returns the id that a request names. One beyond all numbers that the
// program can hold is a number, too, and as such unknown.
func productID(req *http.Request) (id int, err error) {
	id, err = strconv.Atoi(req.PathValue("id"))
	if errors.Is(err, strconv.ErrRange) {
		return id, nil // the largest or smallest
	}
	return id, err
}

// getProduct is GET /product/:id.
func getProduct(ctx context.Context, req *http.Request, r *run) response {
	id, err := productID(req)
	if err != nil {
		return response{status: http.StatusBadRequest, body: notANumber}
	}
	a, err := r.read(ctx, id, r.base.Clock.Now(), true)
	switch {
	case err == nil:
		return response{http.StatusOK, answerJSON{a.Source, productJSON{a.ID, a.Name, a.Price}}, cacheHeaders(a, r.base.Clock.Now())}
	case errors.Is(err, catalog.ErrNotFound):
		return response{http.StatusNotFound, notFound, cacheHeaders(a, r.base.Clock.Now())}
	}
	return response{status: http.StatusInternalServerError, body: internal}
}

// putPrice is PUT /product/:id with the body {"price": number}.
func putPrice(ctx context.Context, req *http.Request, r *run) response {
	id, err := productID(req)
	if err != nil {
		return response{status: http.StatusBadRequest, body: notANumber}
	}
	price, wrong := readPrice(req)
	if wrong != nil {
		return *wrong
	}
	p, err := r.write(ctx, id, price)
	switch {
	case err == nil:
		return response{status: http.StatusOK, body: answerJSON{measure.FromDatabase, productJSON{p.ID, p.Name, p.Price}}}
	case errors.Is(err, catalog.ErrNotFound):
		return response{status: http.StatusNotFound, body: notFound}
	}
	return response{status: http.StatusInternalServerError, body: internal}
}

// readPrice reads the body of a PUT, or returns the answer to one that is wrong.
func readPrice(req *http.Request) (price float64, wrong *response) {
	raw, err := io.ReadAll(req.Body)
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return 0, &response{status: http.StatusRequestEntityTooLarge, body: bodyTooLong}
	}
	var body struct {
		Price *float64 `json:"price"`
	}
	if err != nil || json.Unmarshal(raw, &body) != nil || body.Price == nil || *body.Price < 0 {
		return 0, &response{status: http.StatusBadRequest, body: badPrice}
	}
	return *body.Price, nil
}

// getProducts is GET /products: the first of the catalogue, from the database.
func getProducts(ctx context.Context, _ *http.Request, r *run) response {
	products, err := r.db.List(ctx, listMax)
	if err != nil {
		return response{status: http.StatusInternalServerError, body: internal}
	}
	list := make([]productJSON, len(products))
	for i, p := range products {
		list[i] = productJSON{p.ID, p.Name, p.Price}
	}
	return response{status: http.StatusOK, body: answerJSON{measure.FromDatabase, list}}
}
