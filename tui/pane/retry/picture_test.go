package retry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	engine "resilab/labs/retry"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

const (
	msec = time.Millisecond
	sec  = time.Second
)

func attempt(start, end time.Duration, cause engine.Cause) engine.Span {
	return engine.Span{Start: start, End: end, Cause: cause}
}

func wait(start, end, lo, hi time.Duration) engine.Span {
	return engine.Span{Wait: true, Start: start, End: end, Lo: lo, Hi: hi}
}

// fixture is a moment of a run: every outcome, an operation in each state.
func fixture() *lab.Snapshot {
	d := &engine.Detail{Now: 12 * sec, Scenario: engine.Payments, OneIn: 1, Horizon: 3700 * msec,
		Ranges: []engine.Range{{Lo: 250 * msec, Hi: 500 * msec}, {Lo: 500 * msec, Hi: sec}, {Lo: sec, Hi: 2 * sec}}, Patience: 3500 * msec}
	add := func(op engine.Op) {
		op.ID = uint64(len(d.Ops) + 41)
		d.Ops = append(d.Ops, op)
	}
	bad := engine.CauseTemporary
	add(engine.Op{Start: 2 * sec, Outcome: engine.Succeeded, Took: 60 * msec, Spans: []engine.Span{attempt(0, 60*msec, "")}})
	add(engine.Op{Start: 3 * sec, Outcome: engine.Succeeded, Took: 450 * msec, Spans: []engine.Span{
		attempt(0, 60*msec, bad), wait(60*msec, 390*msec, 60*msec, 560*msec), attempt(390*msec, 450*msec, "")}})
	add(engine.Op{Start: 3 * sec, Outcome: engine.FailedOp, Cause: bad, Took: 2860 * msec, Spans: []engine.Span{
		attempt(0, 80*msec, bad), wait(80*msec, 480*msec, 330*msec, 580*msec), attempt(480*msec, 560*msec, bad),
		wait(560*msec, 1360*msec, 1060*msec, 1560*msec), attempt(1360*msec, 1400*msec, bad),
		wait(1400*msec, 2800*msec, 2400*msec, 3400*msec), attempt(2800*msec, 2860*msec, bad)}})
	add(engine.Op{Start: 4 * sec, Outcome: engine.FailedOp, Cause: engine.CauseDeclined, Took: 55 * msec,
		Spans: []engine.Span{attempt(0, 55*msec, engine.CauseDeclined)}})
	add(engine.Op{Start: 4 * sec, Outcome: engine.Cached, Cause: engine.CauseTimeout, Took: 1500 * msec, Spans: []engine.Span{
		attempt(0, 700*msec, engine.CauseTimeout), wait(700*msec, 800*msec, 700*msec, 900*msec), attempt(800*msec, 1500*msec, engine.CauseTimeout)}})
	add(engine.Op{Start: 5 * sec, Outcome: engine.Delivered, Cause: bad, Took: 300 * msec, Spans: []engine.Span{
		attempt(0, 300*msec, bad), attempt(3600*msec, 3700*msec, "")}})
	add(engine.Op{Start: 6 * sec, Outcome: engine.Queued, Cause: engine.CauseBreaker, Took: msec})
	add(engine.Op{Start: 7 * sec, Outcome: engine.Cancelled, Took: 200 * msec, Spans: []engine.Span{attempt(0, 200*msec, "")}})
	add(engine.Op{Start: 8 * sec, Outcome: engine.Succeeded, Took: 900 * msec, Spans: []engine.Span{
		attempt(0, 900*msec, engine.CauseCut), {Start: 800 * msec, End: 900 * msec, Hedge: true}}})
	add(engine.Op{Start: 11 * sec, Spans: []engine.Span{attempt(0, 70*msec, bad), wait(70*msec, 1500*msec, 70*msec, 2070*msec)}})
	add(engine.Op{Start: 11700 * msec, Spans: []engine.Span{attempt(0, 0, "")}})
	d.Fleet = &engine.Fleet{
		Clients: 1000, Calls: calls(), OutageAt: 5 * sec, Outage: 5 * sec,
		Metrics: map[string]float64{"fleet_peak": 60, "fleet_success": 0.86},
	}
	return &lab.Snapshot{Detail: d, Metrics: map[string]float64{
		"operations": 240, "success": 0.9875, "success_no_retry": 0.8167, "served": 0.9875, "failed": 3, "failed_no_retry": 44,
	}}
}

// calls are those of a fleet: steady, a storm in the outage, its echo.
func calls() []int {
	bins := make([]int, 310)
	for i := range bins {
		bins[i] = 10 + i%3
		if i >= 50 && i < 100 {
			bins[i] = 40 + i%5
		}
		if i >= 100 && i < 130 {
			bins[i] = 60 - (i - 100)
		}
		if i > 300 {
			bins[i] = 0
		}
	}
	return bins
}

func text(t testing.TB, lang i18n.Lang) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load(lang, engine.Spec().Texts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func look(name string) *theme.Theme {
	env := map[string]map[string]string{
		"ascii":     {"TERM": "dumb"},
		"mono":      {"TERM": "xterm", "NO_COLOR": "1"},
		"truecolor": {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
	}[name]
	return theme.New(theme.Options{Getenv: func(k string) string { return env[k] }})
}

var sizes = [][2]int{{0, 0}, {1, 1}, {20, 3}, {40, 6}, {56, 10}, {78, 14}, {80, 22}, {110, 30}}

func frame(th *theme.Theme, c *i18n.Catalogue, snap *lab.Snapshot, w, h int) pane.Frame {
	spec := engine.Spec()
	return pane.Frame{W: w, H: h, Theme: th, Text: c, Spec: spec, Snap: snap, Settings: spec.Defaults()}
}

func TestPicture(t *testing.T) {
	troubled := fixture()
	d := *troubled.Detail.(*engine.Detail)
	d.Down, d.OneIn, d.Scenario = true, 10, engine.Notifications
	d.Ops = slices.Clone(d.Ops)
	for i := range d.Ops {
		d.Ops[i].ID = (d.Ops[i].ID-1)*10 + 1
	}
	d.Guards = engine.Guards{Breaker: "open", HasBudget: true, BudgetLeft: 0.34, Waiting: 17}
	troubled.Detail = &d
	for id, v := range map[string]float64{
		"served": 0.995, "double_charges": 2, "double_money": 199.98, "unaware": 1, "queue_waiting": 17, "delivered": 4,
	} {
		troubled.Metrics[id] = v
	}
	empty := &lab.Snapshot{Detail: &engine.Detail{}, Metrics: map[string]float64{}}
	for _, lookName := range []string{"ascii", "mono", "truecolor"} {
		for name, snap := range map[string]*lab.Snapshot{"calm": fixture(), "troubled": troubled, "empty": empty} {
			t.Run(lookName+"/"+name, func(t *testing.T) {
				th := look(lookName)
				var b strings.Builder
				for i, size := range sizes {
					c := text(t, i18n.Langs()[i%2])
					b.WriteString(draw(t, frame(th, c, snap, size[0], size[1])))
				}
				if lookName == "ascii" {
					onlyASCII(t, b.String())
				}
				golden.RequireEqual(t, []byte(b.String()))
			})
		}
	}
}

// The view that v shows.
func TestSecondView(t *testing.T) {
	th := look("ascii")
	for name, snap := range map[string]*lab.Snapshot{"calm": fixture(), "empty": {Detail: &engine.Detail{}, Metrics: map[string]float64{}}} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for i, size := range sizes {
				f := frame(th, text(t, i18n.Langs()[i%2]), snap, size[0], size[1])
				f.View = 1
				f.A = &lab.Run{Knobs: f.Settings.With("jitter", lab.ChoiceValue("none"))}
				b.WriteString(draw(t, f))
			}
			onlyASCII(t, b.String())
			golden.RequireEqual(t, []byte(b.String()))
		})
	}
}

// draw checks that the picture fills its rectangle exactly.
func draw(t *testing.T, f pane.Frame) string {
	t.Helper()
	rows := Picture{}.Draw(f)
	if len(rows) != f.H {
		t.Errorf("%dx%d: %d rows", f.W, f.H, len(rows))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%dx%d\n", f.W, f.H)
	for _, row := range rows {
		if got := ansi.StringWidth(row); got != f.W {
			t.Errorf("%dx%d: %q is %d cells wide", f.W, f.H, row, got)
		}
		b.WriteString(row + "|\n")
	}
	return b.String()
}

// onlyASCII lets the letters of Spanish pass.
func onlyASCII(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r >= 0x80 && !strings.ContainsRune("áéíóúñÁÉÍÓÚÑ¿¡", r) {
			t.Fatalf("%q on an ASCII screen", r)
		}
	}
}

func TestEverySizeIsFilled(t *testing.T) {
	th, c, snap := look("truecolor"), text(t, i18n.Spanish), fixture()
	for w := range 130 {
		for _, h := range []int{0, 1, 2, 3, 5, 8, 13, 40} {
			draw(t, frame(th, c, snap, w, h))
		}
	}
}

func TestRunAIsDrawnBehindTheFleet(t *testing.T) {
	th, c, snap := look("mono"), text(t, i18n.Spanish), fixture()
	f := frame(th, c, snap, 78, 24)
	alone := draw(t, f)
	past := engine.Fleet{Clients: 1000, Calls: make([]int, 310), Metrics: map[string]float64{"fleet_peak": 90, "fleet_success": 0.7}}
	past.Calls[200] = 90
	d := *snap.Detail.(*engine.Detail)
	snap.Detail = d.WithFleetOf(f.Settings, &past)
	f.A = &lab.Run{Knobs: f.Settings}
	both := draw(t, f)
	if both == alone || !strings.Contains(both, "(A 90)") {
		t.Errorf("run A is not to be seen:\n%s", both)
	}
}

func TestAnUnknownDetailIsBlank(t *testing.T) {
	draw(t, frame(look("mono"), text(t, i18n.English), &lab.Snapshot{}, 10, 2))
}

func TestTheNewestOperationIsTheLast(t *testing.T) {
	d := fixture().Detail.(*engine.Detail)
	for newest := uint64(48); newest <= 51; newest++ {
		var ids []uint64
		for _, op := range latest(d.Ops[:newest-40], 4) {
			ids = append(ids, op.ID)
		}
		if want := []uint64{newest - 3, newest - 2, newest - 1, newest}; !slices.Equal(ids, want) {
			t.Errorf("rows %v, want %v", ids, want)
		}
	}
}

// Every mark of the axis stands where its time is, and the last one at the end of
// the scale.
func TestMarksStandAtTheirTimes(t *testing.T) {
	for _, whole := range []time.Duration{500 * msec, sec, 2 * sec, 3 * sec, 7 * sec, 26 * sec} {
		for w := 12; w < 90; w++ {
			c := canvas{Frame: frame(look("truecolor"), text(t, i18n.English), fixture(), w+10, 5)}
			l := c.line()
			c.ticks(l, 4, w, whole)
			row := ansi.Strip(l.String())
			for _, mark := range marks(row) {
				want := 4 + min(w-1, int(float64(w)*float64(mark.at)/float64(whole)))
				if mark.column != want {
					t.Errorf("%v over %d cells: the mark of %v is at %d, want %d: %q", whole, w, mark.at, mark.column, want, row)
				}
			}
		}
	}
}

type mark struct {
	column int
	at     time.Duration
}

// marks reads "│0 s   │500 ms  1 s│".
func marks(row string) (all []mark) {
	runes := []rune(row)
	for i, r := range runes {
		if r != '│' {
			continue
		}
		label := strings.TrimSpace(string(runes[i+1:]))
		if label == "" { // it ends with its mark
			fields := strings.Fields(string(runes[:i]))
			label = strings.Join(fields[max(0, len(fields)-2):], " ")
			label = strings.TrimLeft(label, "│")
		}
		fields := strings.Fields(strings.ReplaceAll(label, "│", " "))
		if at, err := time.ParseDuration(fields[0] + strings.TrimSuffix(fields[1], "│")); err == nil {
			all = append(all, mark{i, at})
		}
	}
	return all
}

// Half a number would mislead: a figure is whole or left out.
func TestNoFigureOfTheFleetIsCut(t *testing.T) {
	for _, lang := range i18n.Langs() {
		for w := 20; w < 100; w++ {
			f := frame(look("mono"), text(t, lang), fixture(), w, 12)
			f.View = 1
			if title := ansi.Strip(strings.Split(draw(t, f), "\n")[1]); w > 30 && strings.Contains(title, "…") {
				t.Errorf("%s, %d wide: %q", lang, w, title)
			}
		}
	}
}

// Every mark has its legend wherever it is drawn.
func TestEveryMarkHasItsLegend(t *testing.T) {
	for _, lang := range i18n.Langs() {
		c := text(t, lang)
		for _, size := range [][2]int{{36, 12}, {41, 13}, {56, 10}, {78, 14}, {110, 30}} {
			f := frame(look("mono"), c, fixture(), size[0], size[1])
			picture, s := ansi.Strip(draw(t, f)), signsOf(f.Theme)
			for key, glyphs := range map[string]string{"bad": s.busy + s.failed, "wait": s.sure + s.chance, "chance": s.dice, "good": s.attempt} {
				if legend := glyphs + " " + c.T("retry.pane.sign."+key); !strings.Contains(picture, legend) {
					t.Errorf("%s, %v: no legend %q:\n%s", lang, size, legend, picture)
				}
			}
			f.View = 1
			f.Snap.Detail = f.Snap.Detail.(*engine.Detail).WithFleetOf(f.Settings, f.Snap.Detail.(*engine.Detail).Fleet)
			f.A = &lab.Run{Knobs: f.Settings}
			if fleet := draw(t, f); !strings.Contains(fleet, c.T("retry.pane.fleet.outage")) {
				t.Errorf("%s, %v: no legend for the outage:\n%s", lang, size, fleet)
			}
		}
	}
}

func TestASimulationThatWasCutHasNoFigures(t *testing.T) {
	snap := fixture()
	snap.Detail.(*engine.Detail).Fleet.Cut = 500_000
	snap.Detail.(*engine.Detail).Fleet.Metrics = map[string]float64{}
	f := frame(look("mono"), text(t, i18n.English), snap, 78, 20)
	f.View = 1
	if picture := draw(t, f); !strings.Contains(ansi.Strip(picture), "cut after 500000 attempts") || strings.Contains(picture, "0 %") {
		t.Errorf("%s", picture)
	}
}

func TestFailureCausesAreNamed(t *testing.T) {
	snap := fixture()
	snap.Detail.(*engine.Detail).Causes = []engine.CauseCount{{Cause: engine.CauseConflict, Calls: 34}, {Cause: engine.CauseTemporary, Calls: 2}}
	f := frame(look("mono"), text(t, i18n.English), snap, 78, 20)
	if picture := draw(t, f); !strings.Contains(ansi.Strip(picture), "failing with conflict 409 ×34, 503 temporary ×2") {
		t.Errorf("%s", picture)
	}
}

func TestScaleOf(t *testing.T) {
	for horizon, want := range map[time.Duration]time.Duration{
		0: 500 * msec, 400 * msec: 500 * msec, 900 * msec: sec, 1100 * msec: 2 * sec, 2500 * msec: 3 * sec,
		3100 * msec: 5 * sec, 7 * sec: 10 * sec, 10 * sec: 10 * sec, 61 * sec: 100 * sec,
	} {
		if got := scaleOf(horizon); got != want {
			t.Errorf("scaleOf(%v) = %v, want %v", horizon, got, want)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	f := frame(look("truecolor"), text(b, i18n.Spanish), fixture(), 84, 26)
	b.ReportAllocs()
	for b.Loop() {
		Picture{}.Draw(f)
	}
}
