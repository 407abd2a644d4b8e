package cacheaside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"resilab/labs/cacheaside/catalog"
)

const (
	// portTries is how many ports from the wanted one on are tried.
	portTries = 20
	bodyMax   = 64 << 10
	listMax   = 100
	// slowClient bounds what a client may take for its request and the answer.
	slowClient = 30 * time.Second
)

// endpoint serves the product service over HTTP, as the course's demo does.
type endpoint struct {
	addr   string
	server *http.Server
	done   chan error
}

// listen serves on addr, or where that port is taken on the next free one.
func listen(addr string, l *engine) (*endpoint, error) {
	listener, err := listenNear(addr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /product/{id}", l.measured(l.serveProduct))
	mux.HandleFunc("PUT /product/{id}", l.measured(l.servePrice))
	mux.HandleFunc("GET /products", l.measured(l.serveProducts))
	mux.HandleFunc("/product/{id}", onlyBy("GET, HEAD, PUT"))
	mux.HandleFunc("/products", onlyBy("GET, HEAD"))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, noRoute)
	})
	e := &endpoint{addr: listener.Addr().String(), done: make(chan error, 1),
		server: &http.Server{Handler: mux, ReadTimeout: slowClient, WriteTimeout: slowClient,
			BaseContext: func(net.Listener) context.Context { return l.ctx }}}
	go func() { e.done <- e.server.Serve(listener) }()
	return e, nil
}

func listenNear(addr string) (net.Listener, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("reading the address %q for HTTP: %w", addr, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port > 65535 {
		return nil, fmt.Errorf("reading the address %q for HTTP: the port is no number from 0 to 65535", addr)
	}
	last := min(port+portTries, 65536)
	if port == 0 {
		last = 1
	}
	for ; port < last; port++ {
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return listener, nil
		}
	}
	return nil, fmt.Errorf("listening for HTTP near %s: %w", addr, err)
}

// close lets running requests end, and waits. A client that has not even sent
// its request by then is cut off, which is no failure.
func (e *endpoint) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
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

// productJSON is a product as the course's demo shows it.
type productJSON struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

type answerJSON struct {
	Source Source `json:"source"`
	Data   any    `json:"data"`
}

type problem string

func (p problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Error string `json:"error"`
	}{string(p)})
}

// The course's demo answers in Spanish.
const (
	notFound    = problem("Producto no encontrado")
	internal    = problem("Error interno")
	notANumber  = problem("El identificador debe ser un número")
	badPrice    = problem("El precio debe ser un número mayor o igual que 0")
	bodyTooLong = problem("El cuerpo supera 64 KiB")
	notYet      = problem("El servicio aún no está listo")
	noRoute     = problem("Ruta no encontrada")
	noMethod    = problem("Método no permitido")
)

// onlyBy refuses the methods that a path does not know.
func onlyBy(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allowed)
		reply(w, http.StatusMethodNotAllowed, noMethod)
	}
}

// measured hands a request to its handler with the run that it belongs to. The
// port is open a moment before the first run begins.
func (l *engine) measured(serve func(http.ResponseWriter, *http.Request, *run)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r := l.run.Load()
		if r == nil {
			reply(w, http.StatusServiceUnavailable, notYet)
			return
		}
		r.meter.requests.Add(1)
		l.inFlight.Add(1)
		defer l.inFlight.Add(-1)
		serve(w, req, r)
	}
}

// productID is the id that a request names. One beyond all numbers that the
// program can hold is a number, too, and as such unknown.
func productID(req *http.Request) (id int, err error) {
	id, err = strconv.Atoi(req.PathValue("id"))
	if errors.Is(err, strconv.ErrRange) {
		return id, nil // the largest or smallest
	}
	return id, err
}

// serveProduct is GET /product/:id.
func (l *engine) serveProduct(w http.ResponseWriter, req *http.Request, r *run) {
	id, err := productID(req)
	if err != nil {
		reply(w, http.StatusBadRequest, notANumber)
		return
	}
	a, err := l.observeRead(req.Context(), r, id, time.Now(), true)
	switch {
	case err == nil:
		cacheHeaders(w, a)
		reply(w, http.StatusOK, answerJSON{a.source, productJSON{a.ID, a.Name, a.Price}})
	case errors.Is(err, catalog.ErrNotFound):
		cacheHeaders(w, a)
		reply(w, http.StatusNotFound, notFound)
	default:
		reply(w, http.StatusInternalServerError, internal)
	}
}

// servePrice is PUT /product/:id with the body {"price": number}.
func (l *engine) servePrice(w http.ResponseWriter, req *http.Request, r *run) {
	id, err := productID(req)
	if err != nil {
		reply(w, http.StatusBadRequest, notANumber)
		return
	}
	price, problem, status := readPrice(w, req)
	if problem != "" {
		reply(w, status, problem)
		return
	}
	p, err := l.observeWrite(req.Context(), r, id, price)
	switch {
	case err == nil:
		reply(w, http.StatusOK, answerJSON{FromDatabase, productJSON{p.ID, p.Name, p.Price}})
	case errors.Is(err, catalog.ErrNotFound):
		reply(w, http.StatusNotFound, notFound)
	default:
		reply(w, http.StatusInternalServerError, internal)
	}
}

// readPrice reads the body of a PUT; problem is empty where it is fine.
func readPrice(w http.ResponseWriter, req *http.Request) (price float64, p problem, status int) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, req.Body, bodyMax))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return 0, bodyTooLong, http.StatusRequestEntityTooLarge
	}
	var body struct {
		Price *float64 `json:"price"`
	}
	if err != nil || json.Unmarshal(raw, &body) != nil || body.Price == nil || *body.Price < 0 {
		return 0, badPrice, http.StatusBadRequest
	}
	return *body.Price, "", http.StatusOK
}

// serveProducts is GET /products: the catalogue's beginning, from the database.
func (l *engine) serveProducts(w http.ResponseWriter, req *http.Request, _ *run) {
	products, err := l.db.List(req.Context(), listMax)
	if err != nil {
		reply(w, http.StatusInternalServerError, internal)
		return
	}
	list := make([]productJSON, len(products))
	for i, p := range products {
		list[i] = productJSON{p.ID, p.Name, p.Price}
	}
	reply(w, http.StatusOK, answerJSON{FromDatabase, list})
}

// cacheHeaders tells what a shared cache would: whether it was a hit, and how
// old the copy is.
func cacheHeaders(w http.ResponseWriter, a answer) {
	verdict := "MISS"
	if a.source != FromDatabase {
		verdict = "HIT"
		if a.source == FromCopy || a.overdue {
			verdict = "STALE"
		}
		w.Header().Set("Age", strconv.Itoa(int(time.Since(a.loadedAt()).Seconds())))
	}
	w.Header().Set("X-Cache", verdict)
}

// reply sends JSON without a trailing line, as Express does.
func reply(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"error":"`+string(internal)+`"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a client that has gone misses nothing
}
