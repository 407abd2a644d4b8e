package app

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// fakeLab shows what the test puts into it.
type fakeLab struct {
	mu      sync.Mutex
	snap    *lab.Snapshot
	startup error
	applied []lab.Settings
	did     []string
	refuses error // of the actions
	stopped bool
}

func newFake(snap *lab.Snapshot) *fakeLab { return &fakeLab{snap: snap} }

func (f *fakeLab) Start(context.Context, lab.Settings, uint64) error {
	return f.startup
}
func (f *fakeLab) Apply(_ context.Context, s lab.Settings) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied = append(f.applied, s)
	return nil
}
func (f *fakeLab) Pause()  {}
func (f *fakeLab) Resume() {}
func (f *fakeLab) Step()   {}
func (f *fakeLab) Do(_ context.Context, action string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, action)
	return f.refuses
}
func (f *fakeLab) Snapshot() *lab.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snap
}
func (f *fakeLab) Stop(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	return nil
}

func (f *fakeLab) change(to func(*lab.Snapshot)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := *f.snap
	to(&next)
	f.snap = &next
}

func fakeSpec(id string) *lab.Spec {
	cap := lab.NewDuration("cap", 10*time.Second, 0, time.Hour)
	spec := &lab.Spec{
		ID: id,
		Knobs: []lab.Knob{
			lab.NewInt("retries", 3, 0, 10),
			lab.NewDuration("base", 500*time.Millisecond, time.Millisecond, 10*time.Second),
			lab.NewFloat("factor", 2, 1, 5, 0.25, 1), cap,
			lab.NewChoice("jitter", "none", "full", "equal", "decorrelated"),
			lab.NewFraction("failure-rate", 0.18), lab.NewRate("rate", 3, 0, 100), lab.NewBool("classify", true),
		},
		Metrics: []lab.Metric{
			{ID: "success", Format: lab.Share, Better: lab.Higher, Card: true},
			{ID: "success_no_retry", Format: lab.Share, Better: lab.Higher, Card: true},
			{ID: "amplification", Format: lab.Times, Better: lab.Lower, Card: true},
			{ID: "p99_ms", Format: lab.Millis, Better: lab.Lower, Card: true},
			{ID: "operations", Format: lab.Count}, {ID: "failed", Format: lab.Count, Better: lab.Lower},
		},
		Actions: []lab.Action{{ID: "flush", Confirm: true}, {ID: "outage", Fault: true}},
		Rules: func(s lab.Settings) error {
			if s.Duration("cap") < s.Duration("base") {
				return &lab.KnobError{Knob: "cap", Value: s["cap"].String(), Allowed: s["base"].String() + "..1h"}
			}
			return nil
		},
	}
	for i := range spec.Knobs {
		spec.Knobs[i].Group = []string{"policy", "load"}[i/5]
	}
	return spec
}

const fakeTexts = `
%s:
  name: "%s"
  view: {"0": "imagen", "1": "gráficas"}
  about: "Pagos contra una pasarela que falla a propósito: ¿cuántos se salvan al reintentar, y qué cuesta?"
  knob:
    retries: {name: "reintentos", help: "Repeticiones tras el primer intento (async-retry: retries; Tenacity: stop_after_attempt)."}
    base: {name: "espera base", help: "Espera antes del primer reintento (async-retry: minTimeout; Spring: delay; Polly: Delay)."}
    factor: {name: "factor", help: "Cada espera multiplica la anterior por este número."}
    cap: {name: "tope", help: "La espera más larga permitida."}
    jitter: {name: "jitter", help: "Reparte las esperas al azar."}
    failure-rate: {name: "fallos", help: "Parte de los intentos que fallan."}
    rate: {name: "llegadas", help: "Operaciones nuevas por segundo."}
    classify: {name: "clasificador", help: "Distingue errores transitorios de permanentes."}
  group: {policy: "política", load: "carga"}
  choice: {jitter: {none: "ninguno", full: "completo", equal: "igual", decorrelated: "decorrelacionado"}}
  metric: {success: "éxito", success_no_retry: "sin reintento", amplification: "amplificación", p99_ms: "p99", operations: "operaciones", failed: "fallidas"}
  action: {outage: "Apagar la pasarela 5 s", flush: "Vaciar la caché"}
  event: {attempt: "Intento #{0} - Procesando pago ${1}", retry: "{0} - Reintentando...", wait: "Esperando {0}...", ok: "Pago aprobado txn_{0}", fail: "Error final: {0}"}
  trouble: {away: "RabbitMQ no responde en {0}"}
  note: {served: "GET http://{0}/product/1"}
`

func fakeSource(ids ...string) fstest.MapFS {
	names := map[string]string{"retry": "Retry", "convoy": "Convoy", "cacheaside": "Cache-aside"}
	text := ""
	for _, id := range ids {
		text += fmt.Sprintf(fakeTexts, id, names[id])
	}
	return fstest.MapFS{"es.yaml": {Data: []byte(text)}, "en.yaml": {Data: []byte(text)}}
}

// fakeSnapshot is one fixed moment of a lab.
func fakeSnapshot() *lab.Snapshot {
	s := &lab.Snapshot{Rev: 7, Elapsed: 83 * time.Second, EventTotal: 40, Metrics: map[string]float64{
		"success": 0.994, "success_no_retry": 0.821, "amplification": 1.21, "p99_ms": 1840, "operations": 249, "failed": 2}}
	s.Notes = []lab.Note{{Key: "retry.note.served", Args: []any{"127.0.0.1:3000"}}}
	for i := range 8 {
		at := 70*time.Second + time.Duration(i)*1300*time.Millisecond
		s.Events = append(s.Events,
			lab.Event{At: at, Mark: lab.MarkAttempt, Key: "retry.event.attempt", Args: []any{i%3 + 1, 99.99}},
			lab.Event{At: at + 40*time.Millisecond, Mark: lab.MarkRetry, Key: "retry.event.retry", Args: []any{"Fallo temporal del banco"}},
			lab.Event{At: at + 50*time.Millisecond, Mark: lab.MarkWait, Key: "retry.event.wait", Args: []any{time.Second}})
	}
	s.Events = append(s.Events,
		lab.Event{At: 82 * time.Second, Mark: lab.MarkOK, Key: "retry.event.ok", Args: []any{"8f3a"}},
		lab.Event{At: 83 * time.Second, Mark: lab.MarkFail, Key: "retry.event.fail", Args: []any{"tarjeta rechazada"}})
	return s
}

// fakeExport is a lab's export with one text for all targets.
func fakeExport(code func(lab.Settings) string) *lab.Export {
	return &lab.Export{Targets: []string{"go", "node"}, Target: func(lab.Settings) string { return "node" },
		Code: func(_ i18n.Lang, target string, s lab.Settings) (string, error) { return code(s), nil }}
}

// plainPicture fills its place with its size, so that goldens show where it is.
type plainPicture struct{}

func (plainPicture) Views() int { return 2 }

func (plainPicture) Draw(f pane.Frame) []string {
	rows := make([]string, f.H)
	for y := range rows {
		l := widget.NewLine(f.Theme, f.W)
		if y == 0 {
			l.Put(f.Theme.Dim, fmt.Sprintf("picture %dx%d", f.W, f.H))
		}
		rows[y] = l.String()
	}
	return rows
}

// stage is a program with fake labs.
type stage struct {
	*Model
	fakes []*fakeLab
	now   time.Time
}

type look struct {
	term, colorterm, noColor string
	glyphs                   theme.GlyphSet
	dark                     bool
}

var (
	lookASCII  = look{term: "dumb"}
	lookColour = look{term: "xterm-256color", colorterm: "truecolor", dark: true}
)

func (l look) theme() *theme.Theme {
	return theme.New(theme.Options{Dark: &l.dark, Glyphs: l.glyphs, Getenv: func(k string) string {
		return map[string]string{"TERM": l.term, "COLORTERM": l.colorterm, "NO_COLOR": l.noColor}[k]
	}})
}

// fakeCatalogues are loaded once: hundreds of stages use them.
var fakeCatalogues = sync.OnceValue(func() map[i18n.Lang]*i18n.Catalogue {
	texts := map[i18n.Lang]*i18n.Catalogue{}
	for _, lang := range i18n.Langs() {
		text, err := i18n.Load(lang, Texts, fakeSource("retry", "convoy", "cacheaside"))
		if err != nil {
			panic(err)
		}
		texts[lang] = text
	}
	return texts
})

func newStage(t testing.TB, l look, lang i18n.Lang, adjust ...func(*Options, []*fakeLab)) *stage {
	t.Helper()
	ids := []string{"retry", "convoy", "cacheaside"}
	s := &stage{now: time.Unix(1_700_000_000, 0)}
	o := Options{Theme: l.theme(), Lang: lang, Texts: map[i18n.Lang]*i18n.Catalogue{}, Now: func() time.Time { return s.now }}
	for lang, text := range fakeCatalogues() {
		o.Texts[lang] = text
	}
	for _, id := range ids {
		fake := newFake(fakeSnapshot())
		s.fakes = append(s.fakes, fake)
		o.Labs = append(o.Labs, LabEntry{Picture: plainPicture{}, Experiment: lab.NewExperiment(lab.Options{
			Spec: fakeSpec(id), New: func(lab.Env) lab.Lab { return fake }, Seed: 1,
			Brokers: func(lab.Settings) map[string]string {
				return map[string]string{"amqp": "embedded", "redis": "embedded"}
			}})})
	}
	for _, f := range adjust {
		f(&o, s.fakes)
	}
	s.Model = New(o)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return s
}

// live gives the screen a size, waits for the labs and takes a first look.
func (s *stage) live(w, h int) *stage {
	_, cmd := s.Update(tea.WindowSizeMsg{Width: w, Height: h})
	for cmd != nil { // each started lab leads to the next one
		_, cmd = s.Update(cmd())
	}
	s.beat()
	return s
}

// stale reports whether the next View builds a new frame.
func (s *stage) stale() bool { return s.drawn.revision != s.host.revision }

// settle waits until the lab that is shown works with the knobs as shown.
func (s *stage) settle() {
	for !s.cur().lab.exp.Settled() {
		runtime.Gosched()
	}
}

// beat lets the frame clock tick once.
func (s *stage) beat() { s.Update(tick{s.clock.generation}) }

var keyTypes = map[string]tea.KeyType{"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "backspace": tea.KeyBackspace,
	"ctrl+c": tea.KeyCtrlC, "ctrl+p": tea.KeyCtrlP, "ctrl+u": tea.KeyCtrlU, "ctrl+w": tea.KeyCtrlW, "ctrl+z": tea.KeyCtrlZ, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown}

// press presses keys one after another and returns what the last one asked for.
func (s *stage) press(keys ...string) (cmd tea.Cmd) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if t, ok := keyTypes[k]; ok {
			msg = tea.KeyMsg{Type: t}
		} else if k == " " {
			msg = tea.KeyMsg{Type: tea.KeySpace, Runes: []rune(" ")}
		}
		_, cmd = s.Update(msg)
	}
	return cmd
}

// quits reports whether a command ends the program.
func quits(cmd tea.Cmd) bool { return leadsTo[tea.QuitMsg](cmd) }

// leadsTo reports whether a command, or one of a batch, returns such a message.
func leadsTo[M tea.Msg](cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	msg := cmd()
	if _, ok := msg.(M); ok {
		return true
	}
	batch, _ := msg.(tea.BatchMsg)
	return slices.ContainsFunc(batch, leadsTo[M])
}
