package cacheaside

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	engine "resilab/labs/cacheaside"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

const (
	msec = time.Millisecond
	sec  = time.Second
)

// busy is a moment with a copy in every state.
func busy() *lab.Snapshot {
	return &lab.Snapshot{Metrics: map[string]float64{}, Detail: &engine.Detail{
		Redis: engine.RedisView{Up: true, Addr: "127.0.0.1:6379"}, HTTPAddr: "127.0.0.1:3000", TTL: 10 * sec,
		Products: []measure.ProductView{
			{ID: 1, Name: "Laptop", Price: 1200, Life: measure.Alive, Left: 7400 * msec, Full: 10 * sec},
			{ID: 2, Name: "Mouse", Price: 25, Life: measure.Alive, Left: 900 * msec, Full: 10 * sec, Stale: true, Copy: 19.99},
			{ID: 3, Name: "Keyboard", Price: 45, Life: measure.Expired, Gone: 200 * msec},
			{ID: 4, Name: "Product 4", Price: 153, Life: measure.Expired, Gone: 500 * msec, Loading: 12},
			{ID: 5, Name: "Product 5", Price: 190, Life: measure.Expired, Gone: sec, Announced: true},
			{ID: 6, Name: "Product 6", Price: 227, Life: measure.Deleted, Gone: sec},
			{ID: 7, Name: "Product 7", Price: 264},
		},
		Answers: []measure.Answer{
			{Seq: 9, ID: 1, Source: measure.FromCache, Status: 200, Took: 180 * time.Microsecond},
			{Seq: 8, ID: 2, Source: measure.FromCache, Status: 200, Took: 210 * time.Microsecond, Stale: true},
			{Seq: 7, ID: 3, Source: measure.FromDatabase, Status: 200, Took: 81700 * time.Microsecond, HTTP: true},
			{Seq: 6, ID: 99, Status: 404, Took: 80 * msec, HTTP: true},
			{Seq: 5, ID: 1, Status: 500, Took: 1002 * msec},
		},
		Hit: engine.Latency{N: 1234, P50: 190 * time.Microsecond}, Miss: engine.Latency{N: 41, P50: 81 * msec},
		Stampede: measure.Stampede{ID: 4, Loads: 12},
	}}
}

func away() *lab.Snapshot {
	s := busy()
	d := s.Detail.(*engine.Detail)
	d.Redis.Up = false
	for i := range d.Products {
		d.Products[i].Life = measure.Unknown
	}
	return s
}

// shielded is a moment with everything that protects the database at work.
func shielded() *lab.Snapshot {
	s := busy()
	d := s.Detail.(*engine.Detail)
	d.Redis.Breaker, d.Shed, d.Memory = true, 231, engine.Memory{Copies: 100, Most: 100, Evictions: 4711}
	d.Answers = append([]measure.Answer{{Seq: 10, ID: 2, Source: measure.FromCopy, Status: 200, Took: 3 * time.Microsecond},
		{Seq: 11, ID: 2, Source: measure.FromCache, Status: 200, Took: 150 * time.Microsecond, Overdue: true}}, d.Answers...)
	return s
}

func empty() *lab.Snapshot {
	return &lab.Snapshot{Metrics: map[string]float64{}, Detail: &engine.Detail{Redis: engine.RedisView{Up: true, Addr: "127.0.0.1:6379"},
		Products: []measure.ProductView{{ID: 1, Name: "Laptop", Price: 1200}, {ID: 2, Name: "Mouse", Price: 25}, {ID: 3, Name: "Keyboard", Price: 45}}}}
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

func history() *pane.History {
	h := pane.NewHistory(sec)
	for i := range 90 {
		ratio, loads := 0.95, 1.0
		if i%10 == 0 {
			ratio, loads = 0.4, 12
		}
		h.Sample(time.Duration(i)*sec, map[string]float64{"hit_ratio_now": ratio, "loads_now": loads})
		if i == 60 {
			h.KeepGhost()
		}
	}
	return h
}

func frame(th *theme.Theme, c *i18n.Catalogue, snap *lab.Snapshot, w, h int) pane.Frame {
	spec := engine.Spec()
	return pane.Frame{W: w, H: h, Theme: th, Text: c, Spec: spec, Snap: snap, Settings: spec.Defaults(), History: history()}
}

var sizes = [][2]int{{0, 0}, {1, 1}, {20, 3}, {40, 6}, {39, 11}, {67, 22}, {110, 30}}

func TestPicture(t *testing.T) {
	for _, lookName := range []string{"ascii", "mono", "truecolor"} {
		for name, snap := range map[string]*lab.Snapshot{"busy": busy(), "away": away(), "empty": empty(), "shielded": shielded()} {
			t.Run(lookName+"/"+name, func(t *testing.T) {
				th := look(lookName)
				var b strings.Builder
				for i, size := range sizes {
					b.WriteString(draw(t, frame(th, text(t, i18n.Langs()[i%2]), snap, size[0], size[1])))
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
	for name, snap := range map[string]*lab.Snapshot{"shielded": shielded(), "empty": empty()} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for i, size := range sizes {
				f := frame(th, text(t, i18n.Langs()[i%2]), snap, size[0], size[1])
				f.View = 1
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
		t.Fatalf("%d rows at %dx%d", len(rows), f.W, f.H)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %dx%d\n", f.W, f.H)
	for i, row := range rows {
		if w := ansi.StringWidth(row); w != f.W {
			t.Errorf("row %d of %dx%d is %d wide: %q", i, f.W, f.H, w, row)
		}
		b.WriteString(row + "\n")
	}
	return b.String()
}

// onlyASCII allows besides ASCII the letters that Spanish is written with.
func onlyASCII(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r > 0x7e && !strings.ContainsRune("áéíóúñüÁÉÍÓÚÑÜ¡¿", r) {
			t.Fatalf("%q is drawn on an ASCII screen", r)
		}
	}
}

// The heading names Redis only to whom the engine does.
func TestOnlyAKnownAddressIsNamed(t *testing.T) {
	th, c := look("mono"), text(t, i18n.English)
	for _, at := range []string{"", "10.1.2.3:6379"} {
		snap := empty()
		snap.Detail.(*engine.Detail).Redis.Addr = at
		if named := strings.Contains(draw(t, frame(th, c, snap, 80, 22)), "Redis"); named != (at != "") {
			t.Errorf("with the address %q Redis is named: %v", at, named)
		}
	}
}

func TestEverySizeIsFilled(t *testing.T) {
	th, c := look("truecolor"), text(t, i18n.Spanish)
	for w := range 125 {
		for h := range 32 {
			draw(t, frame(th, c, shielded(), w, h))
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	f := frame(look("truecolor"), text(b, i18n.Spanish), busy(), 67, 22)
	b.ReportAllocs()
	for b.Loop() {
		Picture{}.Draw(f)
	}
}
