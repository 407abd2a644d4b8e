package card

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLab measures what the test says.
type fakeLab struct {
	mu      sync.Mutex
	metrics map[string]float64
}

func (f *fakeLab) measure(metrics map[string]float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.metrics = metrics
}

func (f *fakeLab) Start(context.Context, lab.Settings, uint64) error { return nil }
func (f *fakeLab) Apply(context.Context, lab.Settings) error         { return nil }
func (f *fakeLab) Pause()                                            {}
func (f *fakeLab) Resume()                                           {}
func (f *fakeLab) Step()                                             {}
func (f *fakeLab) Do(context.Context, string) error                  { return nil }
func (f *fakeLab) Stop(context.Context) error                        { return nil }
func (f *fakeLab) Snapshot() *lab.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &lab.Snapshot{Metrics: f.metrics, Elapsed: 3 * time.Second}
}

// switches are the program's texts for a switch.
var switches = fstest.MapFS{"es.yaml": {Data: []byte("ui: {switch: {\"true\": \"sí\", \"false\": \"no\"}}\n")}}

// desk is a student at a lab with its cards.
type desk struct {
	t       testing.TB
	lab     *fakeLab
	exp     *lab.Experiment
	store   *course.Store
	card    *Card
	text    *i18n.Catalogue
	theme   *theme.Theme
	focused bool
	cards   int // that there are
}

func newDesk(t testing.TB, labID string) *desk {
	t.Helper()
	d := &desk{t: t, lab: &fakeLab{}, store: course.NewStore(), focused: true}
	book, err := course.Load(specsOfAll()...)
	if err != nil {
		t.Fatal(err)
	}
	entry, ok := labs.All().Find(labID)
	if !ok {
		t.Fatalf("no lab %s", labID)
	}
	d.cards = len(book.IDs())
	d.exp = lab.NewExperiment(lab.Options{Spec: entry.Spec, New: func(lab.Env) lab.Lab { return d.lab }, Seed: 1,
		Brokers: func(lab.Settings) map[string]string {
			return map[string]string{"amqp": "embedded", "redis": "embedded"}
		}})
	if err := d.exp.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.exp.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if d.text, err = i18n.Load(i18n.Spanish, Texts, course.Texts, entry.Spec.Texts, switches); err != nil {
		t.Fatal(err)
	}
	d.look("xterm", "truecolor", theme.Blocks)
	card := map[string]string{"retry": "R1", "convoy": "C1", "cacheaside": "K5"}[labID]
	d.card = newCard(Options{Book: book, Store: d.store, Experiment: d.exp, Card: card, Now: func() time.Time { return time.Unix(1e9, 0) }})
	return d
}

func (d *desk) look(term, colorterm string, glyphs theme.GlyphSet) {
	env := map[string]string{"TERM": term, "COLORTERM": colorterm}
	d.theme = theme.New(theme.Options{Getenv: func(k string) string { return env[k] }, Glyphs: glyphs})
}

func (d *desk) frame(w, h int) pane.Frame {
	f := pane.Frame{W: w, H: h, Theme: d.theme, Text: d.text, Spec: d.exp.Spec(), Snap: d.lab.Snapshot(), Settings: d.exp.Settings()}
	f.A, f.B = d.exp.Captured()
	return f
}

func (d *desk) draw(w, h int) []string { return d.card.Draw(d.frame(w, h), d.focused) }

// sees fails unless the card shows all words, whatever the line breaks.
func (d *desk) sees(words ...string) {
	d.t.Helper()
	text := shown(d.draw(100, 30))
	for _, w := range words {
		if !strings.Contains(text, w) {
			d.t.Errorf("%q is not in %q", w, text)
		}
	}
}

// shown returns the words of rows, whatever the line breaks.
func shown(rows []string) string {
	return strings.Join(strings.Fields(ansi.Strip(strings.Join(rows, " "))), " ")
}

// lacks fails if the card shows the words.
func (d *desk) lacks(words string) {
	d.t.Helper()
	if shown := ansi.Strip(strings.Join(d.draw(100, 30), " ")); strings.Contains(shown, words) {
		d.t.Errorf("%q is in %q", words, shown)
	}
}

func (d *desk) press(keys ...string) {
	for _, k := range keys {
		switch k {
		case "a":
			d.exp.CaptureA()
		case "b":
			d.exp.CaptureB()
		case "c":
			d.card.Check(d.frame(78, 12))
		case "i":
			d.card.Hint(d.frame(78, 12))
		default:
			d.card.Update(d.frame(78, 12), keyOf(k))
		}
		d.settle()
		d.card.Observe(d.frame(78, 12))
	}
}

func keyOf(name string) tea.KeyMsg {
	types := map[string]tea.KeyType{"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter,
		"esc": tea.KeyEsc, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace, "f5": tea.KeyF5}
	if t, ok := types[name]; ok {
		return tea.KeyMsg{Type: t}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// settle waits until the lab works with the settings shown.
func (d *desk) settle() {
	d.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !d.exp.Settled() {
		if time.Now().After(deadline) {
			d.t.Fatal("the experiment does not settle")
		}
		time.Sleep(time.Millisecond)
	}
}

func (d *desk) turn(knob string, v lab.Value) {
	d.t.Helper()
	if err := d.exp.Set(knob, v); err != nil {
		d.t.Fatal(err)
	}
	d.settle()
}

var (
	retryAll    = map[string]float64{"operations": 340, "success": 0.81, "attempts_per_op": 1.66}
	retryWisely = map[string]float64{"operations": 340, "success": 0.806, "attempts_per_op": 1.1}
)

// scenes are the stages of a card on its way to be passed.
func scenes(t testing.TB) map[string]*desk {
	at := func(labID string, act func(*desk)) *desk {
		d := newDesk(t, labID)
		act(d)
		return d
	}
	return map[string]*desk{
		"0 question":  at("retry", func(d *desk) { d.press("down") }),
		"1 number":    at("convoy", func(d *desk) { d.press("enter", "1", "5") }),
		"2 run A":     at("cacheaside", func(d *desk) { d.press("enter"); d.lab.measure(map[string]float64{"reads": 120, "writes": 12}) }),
		"3 other":     at("retry", func(d *desk) { d.press("enter"); d.turn("retries", lab.IntValue(5)); d.press("a") }),
		"4 run B":     at("retry", func(d *desk) { d.press("down", "enter"); d.lab.measure(retryAll); d.press("a") }),
		"5 hints":     at("retry", func(d *desk) { d.press("enter"); d.lab.measure(retryAll); d.press("a", "i", "i", "i", "c") }),
		"6 all holds": at("retry", func(d *desk) { passable(d) }),
		"7 passed":    at("retry", func(d *desk) { passable(d); d.press("i", "c") }),
		"8 wrong":     at("retry", func(d *desk) { d.press("up"); passable(d); d.press("c") }),
	}
}

func passable(d *desk) {
	d.press("down", "enter")
	d.lab.measure(retryAll)
	d.press("a")
	d.turn("classify", lab.BoolValue(true))
	d.lab.measure(retryWisely)
}

func TestScenes(t *testing.T) {
	for name, d := range scenes(t) {
		for look, set := range map[string]func(){
			"truecolor": func() { d.look("xterm", "truecolor", theme.Blocks) },
			"ascii":     func() { d.look("dumb", "", theme.ASCII) },
		} {
			t.Run(name+" "+look, func(t *testing.T) {
				set()
				var b strings.Builder
				for _, size := range [][2]int{{78, 10}, {70, 16}, {40, 20}, {30, 4}} {
					w, h := size[0], size[1]
					fmt.Fprintf(&b, "%dx%d\n", w, h)
					rows := d.draw(w, h)
					if len(rows) != h {
						t.Errorf("%d rows at %dx%d", len(rows), w, h)
					}
					for _, row := range rows {
						if got := ansi.StringWidth(row); got != w {
							t.Errorf("a row of %d cells at %dx%d: %q", got, w, h, row)
						}
						b.WriteString(row + "|\n")
					}
				}
				golden.RequireEqual(t, []byte(b.String()))
			})
		}
	}
}

func TestEverySizeIsFilled(t *testing.T) {
	all := scenes(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := all[rapid.SampledFrom([]string{"0 question", "1 number", "3 other", "5 hints", "7 passed"}).Draw(rt, "scene")]
		w, h := rapid.IntRange(0, 130).Draw(rt, "w"), rapid.IntRange(0, 40).Draw(rt, "h")
		d.press(rapid.SampledFrom([]string{"pgdown", "pgup", "f5"}).Draw(rt, "key"))
		rows := d.draw(w, h)
		if len(rows) != h {
			rt.Fatalf("%d rows at %dx%d", len(rows), w, h)
		}
		for _, row := range rows {
			if got := ansi.StringWidth(row); got != w {
				rt.Fatalf("a row of %d cells at %dx%d: %q", got, w, h, row)
			}
		}
	})
}

func TestPassedWithTheKeyboardAlone(t *testing.T) {
	d := newDesk(t, "retry")
	d.press("c")
	d.sees("Primero va tu predicción")
	d.press("down", "enter")
	if got := d.exp.Settings()["decline-rate"]; got != lab.FractionValue(0.19) {
		t.Errorf("the lab was not prepared: %v", got)
	}
	d.press("a")
	d.sees("Todavía faltan muestras")
	d.press("c")
	d.sees("Primero guarda la ejecución A")
	d.lab.measure(retryAll)
	d.press("a")
	d.sees("Ejecución A guardada", "Cambia estos ajustes", "clasificador")
	d.press("c")
	d.sees("Todavía no: intentos por operación: ")
	d.turn("retries", lab.IntValue(0))
	d.sees("Esta tarjeta no cambia esto: reintentos")
	d.press("enter", "right") // the card's knob can be turned right here
	if !d.exp.Settings().Bool("classify") {
		t.Fatal("the classifier was not turned")
	}
	d.lab.measure(retryWisely)
	d.sees("Todo se cumple: pulsa c", "1.10×", "A 1.66×")
	d.press("c")
	d.sees("superada", "quedan igual» y acertaste", "Un rechazo es permanente",
		"Mira aquí:", "Para leer: Azure Architecture Center", "Para pensar:")
	if d.store.Record("R1").Stage() != course.Passed {
		t.Error("not kept as passed")
	}
	d.press("x")
	d.sees("Pulsa x otra vez")
	d.press("down", "x")
	d.sees("Pulsa x otra vez") // another key came between
	d.press("x")
	d.sees("1 predice")
}

// A card that compares more than two runs names the letter of a kept run, and
// refuses the settings of run A.
func TestKeptRunsAreNamed(t *testing.T) {
	d := newDesk(t, "retry")
	d.card.Show("R9")
	d.press("enter")
	d.lab.measure(map[string]float64{"fleet_amplification": 46, "fleet_lost_orders": 0})
	d.press("a")
	d.sees("son los ajustes de la ejecución A")
	d.turn("retry-after", lab.BoolValue(true))
	d.lab.measure(map[string]float64{"fleet_amplification": 5.5, "fleet_lost_orders": 0})
	d.sees("Todo se cumple: pulsa c.")
	d.press("c")
	d.lacks("Todo se cumple")
	d.sees("Guardada como ejecución B. Sigue con la ejecución C.")
	if d.store.Record("R9").B == nil {
		t.Error("run B is not kept")
	}
	d.sees("la ejecución B ya tiene estos ajustes: cambia algo para la ejecución C")
	d.sees("Ejecuciones guardadas: ", "A 46.00×", "B 5.50×", "Retry-After sí")
	d.turn("fallback", lab.ChoiceValue("queue"))
	d.lacks("ya tiene estos ajustes")
	for _, w := range []int{34, 40, 80} { // long settings go on below themselves
		if text := shown(d.draw(w, 60)); !strings.Contains(text, "Retry-After no, jitter ninguno, reintentos 100, espera base 100 ms, alternativa ninguna B 5.50×") {
			t.Errorf("at %d cells: %s", w, strings.Join(d.draw(w, 60), "\n"))
		}
	}
}

// Settings and first figures are written as everywhere else on the screen.
func TestSettingsAreWrittenForPeople(t *testing.T) {
	d := newDesk(t, "retry")
	d.card.Show("R5")
	d.press("enter")
	d.sees("–", "¿Limita el costo sin quitar la ayuda cuando falla poco?") // it can be read again
	d.lab.measure(map[string]float64{"fleet_amplification": 4, "fleet_success": 0})
	d.sees("4.00×")
	d.lacks("0.01")
	d.press("a")
	d.sees("fallos 100 % debe ser 100 %", "presupuesto ninguno, fallos 100 %")
}

// A long setting is not cut where the card says what it must be.
func TestLongSettingsAreNotCut(t *testing.T) {
	d := newDesk(t, "cacheaside")
	d.card.Show("K3")
	d.press("enter")
	d.lab.measure(map[string]float64{"expiries": 4, "loads_per_expiry": 20})
	d.press("a")
	d.turn("strategy", lab.ChoiceValue("single-flight"))
	d.sees("estrategia single-flight debe ser single-flight")
}

func TestCapturingBChecks(t *testing.T) {
	d := newDesk(t, "retry")
	passable(d)
	d.press("b")
	d.sees("superada")
}

func TestOpenKnobsAreTurnedOnTheCard(t *testing.T) {
	d := newDesk(t, "convoy")
	d.press("enter", "2", "0", "enter")
	d.lab.measure(map[string]float64{"handled": 200, "violations": 0, "violation_rate": 0})
	d.press("right", "a") // nothing turns before run A
	d.press("right", "l", "h", "right", "down", "right", "up", "-")
	s := d.exp.Settings()
	if s.Int("lanes") != 2 || s.Text("work-spread") != "constant" {
		t.Errorf("lanes %d, work-spread %s", s.Int("lanes"), s.Text("work-spread"))
	}
}

func TestRunsOfBeforeAreNotTheCards(t *testing.T) {
	d := newDesk(t, "retry")
	d.lab.measure(retryAll)
	d.press("a", "b")
	d.press("down", "enter")
	if stage := d.store.Record("R1").Stage(); stage != course.ToRunA {
		t.Errorf("stage %d", stage)
	}
}

func TestNumbersAreTyped(t *testing.T) {
	d := newDesk(t, "convoy")
	d.press("enter")
	if !d.card.Typing() {
		t.Fatal("enter does not begin the typing")
	}
	d.press("x", "4", "esc")
	if d.card.Typing() || d.store.Record("C1").Prediction != "" {
		t.Error("esc does not leave it")
	}
	d.press("enter", "1", "0", "1", "enter")
	d.sees("Eso no es un número de 0 a 100")
	d.press("backspace", "backspace", "backspace", "1", "7", "backspace", "2", ",", "5", "q", "enter")
	if got := d.store.Record("C1").Prediction; got != "12.5" {
		t.Errorf("predicted %q", got)
	}
	d.sees("Predijiste: 12.5 %")
}

func TestCardResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	open := func() (*desk, *course.Store) {
		store, err := course.OpenStore(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		d := newDesk(t, "retry")
		d.store, d.card.guide.store = store, store
		d.card.Show("R1")
		return d, store
	}
	d, _ := open()
	d.press("down", "enter")
	d.lab.measure(retryAll)
	d.press("a")
	d, _ = open() // another day: the knobs are elsewhere
	d.lab.measure(retryWisely)
	d.sees("3 cambia y compara", "enter repone")
	d.press("enter")
	d.turn("classify", lab.BoolValue(true))
	d.press("c")
	d.sees("superada")
}

func TestUnsavedProgressIsReported(t *testing.T) {
	dir := t.TempDir()
	store, err := course.OpenStore(t.Context(), filepath.Join(dir, "sub", "progress.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, "retry")
	d.card.guide.store = store
	d.press("enter")
	d.sees("El avance no se pudo guardar")
}

// Leaving a card restores the settings from before it, and its runs are compared
// with nothing else.
func TestLeavingRestoresTheSettings(t *testing.T) {
	d := newDesk(t, "retry")
	d.turn("retries", lab.IntValue(7))
	before := d.exp.Settings()
	if d.card.Leave() {
		t.Error("a card that changed nothing restores something")
	}
	d.press("a") // the student's own run
	d.press("down", "enter")
	if a, _ := d.exp.Captured(); a != nil {
		t.Error("a run from before the card is compared with the card's")
	}
	d.lab.measure(retryAll)
	d.press("a")
	if !d.card.Leave() || !maps.Equal(d.exp.Settings(), before) {
		t.Errorf("retries %v after leaving", d.exp.Settings()["retries"])
	}
	if a, b := d.exp.Captured(); a != nil || b != nil {
		t.Error("runs of the card are still compared")
	}
}

// After a card is passed the next card, the list and the way out are the first
// keys, and they lead there.
func TestKeysAfterPassing(t *testing.T) {
	d := newDesk(t, "retry")
	passable(d)
	d.press("c")
	var shown []string
	for _, k := range d.card.Keys()[:3] {
		shown = append(shown, k.Show)
	}
	if want := []string{"n", "o", "esc"}; !slices.Equal(shown, want) {
		t.Errorf("the first keys are %v, want %v", shown, want)
	}
	d.press("o")
	d.sees("R1", "superada", "C1", "1 predice")
	d.press("o")
	d.sees("Un rechazo es permanente")
	last := len(d.card.list.cards) - 1
	for i := range d.card.list.cards { // from each card n leads to the next one, here or at another lab
		d.card.list.at = i
		next := d.card.list.cards[(i+1)%(last+1)]
		want := next.ID
		if next.Spec.ID == "retry" {
			want = ""
		}
		if got := d.card.Update(d.frame(78, 12), keyOf("n")); got != want {
			t.Errorf("after %s the next card is %q, want %q", d.card.list.cards[i].ID, got, want)
		}
		if want != "" && d.card.Show(want) {
			t.Errorf("%s is shown at another lab", want)
		}
	}
	if !d.card.Show("R1") {
		t.Error("a card of this lab is not shown")
	}
}

// A card that is longer than its room scrolls and says so, above and below.
func TestScrolling(t *testing.T) {
	d := newDesk(t, "retry")
	passable(d)
	d.press("c")
	see := func() string { return ansi.Strip(strings.Join(d.draw(40, 6), "\n")) }
	d.card.Update(d.frame(40, 6), keyOf("up"))
	if got := see(); !strings.Contains(got, "↓") || strings.Contains(got, "↑") {
		t.Errorf("at the top:\n%s", got)
	}
	d.card.Update(d.frame(40, 6), keyOf("pgdown"))
	if got := see(); !strings.Contains(got, "↑3 ↓") {
		t.Errorf("a page further:\n%s", got)
	}
	for range 9 {
		d.card.Update(d.frame(40, 6), keyOf("pgdown"))
	}
	if got := see(); !strings.Contains(got, "↑") || strings.Contains(got, "↓") {
		t.Errorf("at the end:\n%s", got)
	}
}

func TestTheToleranceIsShown(t *testing.T) {
	d := newDesk(t, "convoy")
	d.sees("con un error de hasta " + trim(d.card.guide.session.Card().Predict.Tolerance))
}

func TestLabWithoutCards(t *testing.T) {
	d := newDesk(t, "retry")
	book, err := course.Load(specsOfAll()...)
	if err != nil {
		t.Fatal(err)
	}
	exp := lab.NewExperiment(lab.Options{Spec: &lab.Spec{ID: "other"}})
	if New(Options{Book: book, Store: d.store, Experiment: exp}) != nil {
		t.Error("a card for a lab that has none")
	}
}

func specsOfAll() (specs []*lab.Spec) {
	for _, e := range labs.All() {
		specs = append(specs, e.Spec)
	}
	return specs
}

func TestKeysAreNamed(t *testing.T) {
	en, err := i18n.Load(i18n.English, Texts)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range scenes(t) {
		for _, k := range d.card.Keys() {
			if !d.text.Has(k.Means) || !en.Has(k.Means) {
				t.Errorf("%s: no text for %s", name, k.Means)
			}
		}
	}
	es, err := i18n.Load(i18n.Spanish, Texts)
	if err != nil {
		t.Fatal(err)
	}
	labtest.SameTexts(t, es, en)
}

func BenchmarkDraw(b *testing.B) {
	d := newDesk(b, "retry")
	passable(d)
	d.card.Hint(d.frame(78, 12))
	f := d.frame(70, 16)
	b.ReportAllocs()
	for b.Loop() {
		d.card.Draw(f, true)
	}
}

func TestTermsInTheOtherLanguage(t *testing.T) {
	d := newDesk(t, "retry")
	d.press("t")
	d.sees("en inglés", "pasarela", "gateway")
	d.press("t")
	d.sees("¿Qué errores merecen un reintento?")
	d.press("t")
	d.press("enter")
	d.sees("¿Qué errores merecen un reintento?")
}

func TestTheListBeginsWithTheProgress(t *testing.T) {
	d := newDesk(t, "retry")
	d.press("o")
	d.sees(fmt.Sprintf("Superadas 0 de %d, empezadas 0, pistas usadas 0", d.cards))
	d.press("o")
	d.press("i")
	d.press("o")
	d.sees("pistas usadas 1")
}
