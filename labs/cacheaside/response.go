package cacheaside

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
)

// response is an answer over HTTP.
type response struct {
	status int
	body   any // becomes JSON
	header map[string]string
}

// productJSON is a product as the course's demo shows it.
type productJSON struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

type answerJSON struct {
	Source measure.Source `json:"source"`
	Data   any            `json:"data"`
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

// onlyBy refuses the methods that a path does not have.
func onlyBy(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		response{http.StatusMethodNotAllowed, noMethod, map[string]string{"Allow": allowed}}.write(w)
	}
}

// cacheHeaders returns what a shared cache would add: whether it was a hit, and
// how old the copy is.
func cacheHeaders(a service.Answer, now time.Time) map[string]string {
	switch {
	case a.Source == measure.FromDatabase:
		return map[string]string{"X-Cache": "MISS"}
	case a.Source == measure.FromCopy, a.Overdue:
		return map[string]string{"X-Cache": "STALE", "Age": age(a, now)}
	}
	return map[string]string{"X-Cache": "HIT", "Age": age(a, now)}
}

func age(a service.Answer, now time.Time) string {
	return strconv.Itoa(int(max(now.Sub(a.LoadedAt()), 0).Seconds()))
}

// write sends JSON without a trailing line, as Express does.
func (r response) write(w http.ResponseWriter) {
	raw, err := json.Marshal(r.body)
	if err != nil {
		r.status, raw = http.StatusInternalServerError, []byte(`{"error":"`+string(internal)+`"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(raw) // the client may have disconnected
}
