package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLab has measured enough as soon as it has settings.
type fakeLab struct {
	mu       sync.Mutex
	settings lab.Settings
	slow     bool // measures nothing
	starts   int
}

func (f *fakeLab) Start(_ context.Context, s lab.Settings, _ uint64) error {
	f.mu.Lock()
	f.starts++
	f.mu.Unlock()
	return f.Apply(context.Background(), s)
}
func (f *fakeLab) Apply(_ context.Context, s lab.Settings) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settings = s
	return nil
}
func (f *fakeLab) Pause()                           {}
func (f *fakeLab) Resume()                          {}
func (f *fakeLab) Step()                            {}
func (f *fakeLab) Do(context.Context, string) error { return nil }
func (f *fakeLab) Stop(context.Context) error       { return nil }
func (f *fakeLab) Snapshot() *lab.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	metrics := map[string]float64{"operations": 340, "success": 0.81, "attempts_per_op": 1.66,
		"handled": 200, "violations": 0, "violation_rate": 0}
	if f.settings.Bool("classify") {
		metrics["attempts_per_op"] = 1.1
	}
	if f.settings.Int("lanes") > 1 && f.settings.Text("work-spread") != "constant" {
		metrics["violations"], metrics["violation_rate"] = 30, 0.15
	}
	if f.slow {
		metrics = map[string]float64{"operations": 10}
	}
	return &lab.Snapshot{Metrics: metrics}
}

// room is a desk whose output is kept.
type room struct {
	*Guide
	out *bytes.Buffer
	lab *fakeLab
}

func newRoom(t *testing.T, lang i18n.Lang, input string) *room {
	t.Helper()
	sources := []*lab.Spec{}
	for _, e := range labs.All() {
		sources = append(sources, e.Spec)
	}
	book, err := course.Load(sources...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := i18n.Load(lang, course.Texts, sources[0].Texts, sources[1].Texts, sources[2].Texts)
	if err != nil {
		t.Fatal(err)
	}
	r := &room{out: &bytes.Buffer{}, lab: &fakeLab{}}
	r.Guide = &Guide{
		Printer: Printer{Book: book, Store: course.NewStore(), Text: text, Out: r.out},
		In:      strings.NewReader(input),
		Now:     func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		Open: func(id string, s lab.Settings) (*lab.Experiment, error) {
			entry, _ := labs.All().Find(id)
			return lab.NewExperiment(lab.Options{Spec: entry.Spec, New: func(lab.Env) lab.Lab { return r.lab }, Seed: 1, Settings: s}), nil
		},
	}
	return r
}

func (r *room) said(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.out.String(), w) {
			t.Errorf("%q is not in\n%s", w, r.out)
		}
	}
}

func TestGuideThroughACard(t *testing.T) {
	r := newRoom(t, i18n.Spanish, "\nsí\n2\nmide\npista\nPISTA\nhint\npista\nrate=3\nclassify=tal vez\ncantar\najustes\nclassify=sí\nmide\n")
	if err := r.Run(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	const want = `R1 · ¿Transitorio o permanente?
Una tienda reintenta todo pago que falla, hasta tres veces. Unos fallan porque la pasarela no está disponible por un momento (503); otros, porque el banco rechazó la tarjeta (402). ¿Qué errores merecen un reintento?
Si se deja de reintentar las tarjetas rechazadas, los pedidos pagados…
  1. bajan: algún rechazo se habría salvado al insistir
  2. quedan igual
  3. suben
Tu predicción (un número de 1 a 3):
Escribe un número de 1 a 3.
Tu predicción (un número de 1 a 3):
Corre la ejecución A con los ajustes de la tarjeta.
Ejecución A guardada.
intentos por operación: 1.66×
éxito: 81 %
Ahora cambia solo: clasificador.
classify=false  (clasificador; se admite true|false)
Escribe ajuste=valor, o una orden: mide, ajustes, pista, términos, salir.
  no  intentos por operación: 1.66× (máx. 1.25×); en A: 1.66×
  sí  éxito: 81 % (mín. 71.0 %); en A: 81 %
Todavía no se cumple.
Pista 1: Busca en el registro un pago que termina mal: ¿qué responde la pasarela en cada intento? ¿Cambia alguna vez?
Pista 2: El patrón tiene cuatro partes. La primera, el detector de fallos transitorios, decide qué vale la pena repetir.
Pista 3: Activa «clasificador»: con él, un 402 se abandona al primer intento (es el «bail» de async-retry).
No hay más pistas.
Pista 3: Activa «clasificador»: con él, un 402 se abandona al primer intento (es el «bail» de async-retry).
«rate» no se puede cambiar en esta tarjeta; se admite classify
classify: «tal vez» no vale; se admite true|false
No entiendo «cantar».
Escribe ajuste=valor, o una orden: mide, ajustes, pista, términos, salir.
classify=false  (clasificador; se admite true|false)
clasificador: no → sí
  sí  intentos por operación: 1.10× (máx. 1.25×); en A: 1.66×
  sí  éxito: 81 % (mín. 71.0 %); en A: 81 %
Tarjeta superada.
Predijiste «quedan igual» y acertaste.
Un rechazo es permanente: repetirlo cuesta llamadas y no vende nada. Reintenta solo lo transitorio (tiempos agotados, 5xx); el éxito es el mismo y la carga baja.
Mito derribado: «Más reintentos = más ventas.»
Mira aquí: «intentos por operación» baja; «éxito» no se mueve.
Para leer: Azure Architecture Center: Retry pattern <https://learn.microsoft.com/azure/architecture/patterns/retry>
Para pensar: ¿Y un 500 sin explicación: transitorio o permanente? ¿De qué dependería tu respuesta?
`
	if got := r.out.String(); got != want {
		t.Errorf("said:\n%s", got)
	}
	if strings.ContainsAny(r.out.String(), "\x1b\r") {
		t.Error("a line is repainted")
	}
	if r.Store.Record("R1").Stage() != course.Passed {
		t.Error("not kept as passed")
	}
}

// What was judged is measured again from the beginning, or chance would decide for
// good; other settings are a new run in any case.
func TestARunIsMeasuredAgain(t *testing.T) {
	r := newRoom(t, i18n.English, "2\nrun\nrun\nrun\nclassify=true\nrun\n")
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Fatal(err)
	}
	if r.lab.starts != 3 || r.Store.Record("R1").Stage() != course.Passed {
		t.Errorf("%d starts:\n%s", r.lab.starts, r.out)
	}
}

func TestGuideWithANumberInEnglish(t *testing.T) {
	r := newRoom(t, i18n.English, "150\n60\nlanes=4\nwork-spread=constant\nrun\nwork-spread=exponential\nrun\n")
	if err := r.Run(t.Context(), "C1"); err != nil {
		t.Fatal(err)
	}
	r.said(t, "That is not a number from 0 to 100.", "no  ", "It does not hold yet.", "above 5 %", "Card passed.", "You predicted “60 %”; it was “15 %”.")
}

func TestGuideResumes(t *testing.T) {
	r := newRoom(t, i18n.English, "1\nquit\n")
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Fatal(err)
	}
	r.said(t, "Run A is kept.", "Your progress is kept.")
	r.out.Reset()
	r.In = strings.NewReader("classify=on\nrun\n")
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Fatal(err)
	}
	r.said(t, "You predicted: become fewer", "Card passed.")
	if strings.Contains(r.out.String(), "Run A has started") {
		t.Error("run A was taken again")
	}
	r.out.Reset()
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Fatal(err)
	}
	r.said(t, "Card passed.", "it was “stay the same”")
}

// reaction does something when a text is written.
type reaction struct {
	io.Writer
	to   string
	then func()
}

func (r *reaction) Write(p []byte) (int, error) {
	if strings.Contains(string(p), r.to) {
		r.then()
	}
	return r.Writer.Write(p)
}

func TestGuideEndsWithItsInputOrItsContext(t *testing.T) {
	r := newRoom(t, i18n.English, "")
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Errorf("at the end of the input: %v", err)
	}
	r.said(t, "See you.")

	reader, writer, err := os.Pipe() // a student who types nothing
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r = newRoom(t, i18n.English, "")
	r.In = reader
	if err := r.Run(ctx, "R1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for an answer: %v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	r = newRoom(t, i18n.English, "1\n")
	r.lab.slow = true
	r.Out = &reaction{Writer: r.Out, to: "operations: 10 of 150", then: cancel}
	if err := r.Run(ctx, "R1"); !errors.Is(err, context.Canceled) {
		t.Errorf("while measuring: %v", err)
	}
	r.said(t, "operations: 10 of 150")
}

func TestListStatusAndReport(t *testing.T) {
	r := newRoom(t, i18n.English, "2\nclassify=on\nrun\n")
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Fatal(err)
	}
	if err := r.Store.Save("K5", course.Record{Prediction: "few", Hints: 2}); err != nil {
		t.Fatal(err)
	}
	r.out.Reset()
	if err := errors.Join(r.List(false), r.Status(false), r.Report(false)); err != nil {
		t.Fatal(err)
	}
	r.said(t, "R1  ", "core       Transient or permanent?", "challenge  Out of memory: which key goes?  needs Redis", "passed", fmt.Sprintf("1 of %d passed", len(r.Book.IDs())), "run A is missing", "not begun",
		"R1 · Transient or permanent? · passed 2026-03-01 12:00 +00:00 · prediction right · Hints used: 0 · checks: 1",
		"K5 · Is the TTL enough? · run A is missing · Hints used: 2")
	r.out.Reset()
	if err := r.Report(true); err != nil {
		t.Fatal(err)
	}
	var rows []course.Row
	if err := json.Unmarshal(r.out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if r1 := rows[1]; len(rows) != len(r.Book.IDs()) || r1.ID != "R1" || r1.Stage != "passed" || !*r1.Right || r1.B.Metrics["attempts_per_op"] != 1.1 || rows[2].Right != nil {
		t.Errorf("%+v", rows)
	}
}

func TestCheckOfKeptRuns(t *testing.T) {
	r := newRoom(t, i18n.English, "2\nclassify=on\nrun\n")
	if passed, err := r.Check("R1"); passed || err != nil {
		t.Errorf("without runs: %t, %v", passed, err)
	}
	r.said(t, "No runs are kept yet: resilab --card R1")
	if err := r.Run(t.Context(), "R1"); err != nil {
		t.Fatal(err)
	}
	if passed, err := r.Check("r1"); !passed || err != nil {
		t.Errorf("%t, %v", passed, err)
	}
	if _, err := r.Check("Z9"); err == nil || !strings.Contains(err.Error(), "R0|R1|R2") {
		t.Errorf("unknown card: %v", err)
	}
}

func TestCheckOfPrintedRuns(t *testing.T) {
	r := newRoom(t, i18n.English, "")
	card, _ := r.Book.Find("R1")
	printed := func(settings lab.Settings, attempts float64) []byte {
		data, err := json.Marshal(lab.Run{Lab: "retry", Seed: 1, Knobs: settings,
			Metrics: map[string]float64{"operations": 300, "success": 0.8, "attempts_per_op": attempts}})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	a, b := printed(card.Start, 1.66), printed(card.Golden[1], 1.1)
	if passed, err := r.CheckRuns("R1", a, b); !passed || err != nil {
		t.Errorf("%t, %v\n%s", passed, err, r.out)
	}
	cheat := printed(card.Golden[1].With("retries", lab.IntValue(0)), 1)
	if passed, err := r.CheckRuns("R1", a, cheat); passed || err != nil {
		t.Errorf("with a closed knob: %t, %v", passed, err)
	}
	r.said(t, "this was not to be changed: retries")
	if passed, err := r.CheckRuns("R1", b, b); passed || err != nil {
		t.Errorf("with a run A that is none: %t, %v", passed, err)
	}
	if _, err := r.CheckRuns("C1", a, b); err == nil {
		t.Error("runs of another lab are judged")
	}
	if _, err := r.CheckRuns("R1", a, []byte("nonsense")); err == nil {
		t.Error("nonsense is judged")
	}
}

// What cannot be kept is said at the end, too, and is an error.
func TestProgressThatIsLostIsAnError(t *testing.T) {
	r := newRoom(t, i18n.English, "2\n")
	dir := filepath.Join(t.TempDir(), "sub")
	store, err := course.OpenStore(t.Context(), filepath.Join(dir, "progress.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // the folder cannot be made
		t.Fatal(err)
	}
	r.Store = store
	if err := r.Run(t.Context(), "R1"); err == nil {
		t.Error("no error")
	}
	r.said(t, "The progress could not be kept", "Your progress is NOT kept")
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestClosedOutputIsAnError(t *testing.T) {
	r := newRoom(t, i18n.English, "")
	r.Out = failingWriter{}
	if !errors.Is(r.List(false), io.ErrClosedPipe) || !errors.Is(r.Report(true), io.ErrClosedPipe) {
		t.Error("no error")
	}
}

func TestTextsAreTheSameInBothLanguages(t *testing.T) {
	es, err := i18n.Load(i18n.Spanish, course.Texts)
	if err != nil {
		t.Fatal(err)
	}
	en, err := i18n.Load(i18n.English, course.Texts)
	if err != nil {
		t.Fatal(err)
	}
	labtest.SameTexts(t, es, en)
}
