package convoy

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	engine "resilab/labs/convoy"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
)

// order reads "B12" as order 12 of the second user.
func order(label string) engine.Order {
	o := engine.Order{User: int(label[0] - 'A')}
	fmt.Sscan(label[1:], &o.Seq)
	return o
}

func orders(labels string) (all []engine.Order) {
	for _, label := range strings.Fields(labels) {
		all = append(all, order(label))
	}
	return all
}

// handled reads "1 2 !1 =2 x3".
func handled(text string) (all []engine.HandledOrder) {
	kinds := map[byte]engine.Kind{'!': engine.Violation, '=': engine.Duplicate, 'x': engine.DeadLettered}
	for _, word := range strings.Fields(text) {
		s := engine.HandledOrder{Kind: kinds[word[0]]}
		if s.Kind != engine.InOrder {
			word = word[1:]
		}
		fmt.Sscan(word, &s.Seq)
		all = append(all, s)
	}
	return all
}

func users(rows ...string) (all []engine.User) {
	for i, text := range rows {
		u := engine.User{Name: fmt.Sprintf("user%d", i+1), Recent: handled(text), P50: 11 * time.Duration(i+1) * time.Millisecond, P95: 40 * time.Duration(i+1) * time.Millisecond, Step: i % 2, Balance: 100 * (i % 2)}
		u.Handled = uint64(len(u.Recent))
		u.Violations = uint64(strings.Count(text, "!"))
		u.Wrong = u.Violations > 0
		if u.Handled == 0 {
			u.Step = -1
		}
		all = append(all, u)
	}
	return all
}

func consumer(n int, labels string) engine.Consumer {
	return engine.Consumer{Number: n, Connected: true, Orders: orders(labels)}
}

func snapshot(d engine.Detail, metrics map[string]float64) *lab.Snapshot {
	d.UserCount = max(d.UserCount, len(d.Users))
	d.LanesSet = d.LaneCount()
	d.Engine = cmp.Or(d.Engine, "rabbitmq")
	return &lab.Snapshot{Detail: &d, Metrics: metrics}
}

func calm() *lab.Snapshot {
	routes := &engine.Routes{Systems: []string{"rabbitmq", "kafka", "kinesis", "nats"}, Lanes: 3,
		Of:    [][]int{{1, 3, 2, 3}, {1, 1, 2, 1}, {2, 2, 2, 1}, {1, 3, 1, 2}, {2, 2, 3, 2}, {1, 1, 1, 3}},
		Grown: []float64{0.25, 0.75, 0.33, 0.75}, Shrunk: []float64{0.33, -1, 0.66, 0.67}}
	state := engine.BrokerState{Seen: true, ConfirmAge: 100 * time.Millisecond, DeliveryAge: 230 * time.Millisecond}
	return snapshot(engine.Detail{Mode: "convoy", Scenario: "shop", Routes: routes, Broker: state, Lanes: []engine.Lane{
		{Number: 1, Open: true, Waiting: 4, Next: orders("C8 A14 A15 F9"), Consumers: []engine.Consumer{consumer(1, "A12 A13")}},
		{Number: 2, Open: true, Consumers: []engine.Consumer{consumer(2, "")}},
		{Number: 3, Open: true, Waiting: 57, Next: orders(strings.Repeat("B20 D31 ", 20)), Consumers: []engine.Consumer{consumer(3, "B18 D30 B19")}},
	}, Users: users("1 2 3 4 5 6 7 8 9 10 11", "8 9 10 11 12 13 14 15 16 17", "4 5 6 7", "21 22 23 24 25 26 27 28 29", "", "5 6 7 8")},
		map[string]float64{"handled": 1234, "violations": 0, "throughput": 19.8})
}

func broken() *lab.Snapshot {
	return snapshot(engine.Detail{Mode: "competing", Scenario: "bank", Shared: true, Causes: [5]uint64{34, 0, 3, 0, 0}, Lanes: []engine.Lane{
		{Number: 1, Open: true, Waiting: 3, Next: orders("A16 B12 C9"), Consumers: []engine.Consumer{
			consumer(1, "A14"), consumer(2, "A15"), consumer(3, "C8")}},
	}, Users: users("7 8 9 !11 10 12 13", "3 !5 !6 4 7 =7 x8 9", "1 2 3 4 5 6 7")},
		map[string]float64{"handled": 310, "violations": 37, "violation_rate": 0.119, "throughput": 38, "lost": 2, "duplicates": 1, "dead_lettered": 1})
}

func faulty() *lab.Snapshot {
	poison := order("D30")
	poison.Poison = true
	state := engine.BrokerState{Seen: true, ConfirmAge: 4200 * time.Millisecond, DeliveryAge: time.Second, Delayed: 3}
	all := users("1 2 3", "1 2", "4 5 6 7", "28 29", "", "5 6 7 8", "1", "1", "1", "1", "1", "2", "3", "4")
	all[3].Gaps = 1
	snap := snapshot(engine.Detail{Mode: "modulus", Scenario: "parcel", Draining: true, UserCount: 200, Broker: state, Lanes: []engine.Lane{
		{Number: 1, Open: true, Waiting: 4, Next: orders("C8 A14"), Consumers: []engine.Consumer{{Number: 1, Connected: true, Hung: true, Orders: orders("A12")}}},
		{Number: 2, Open: true, Waiting: 1, Next: orders("B4"), Consumers: []engine.Consumer{{Number: 2}}},
		{Number: 4, Open: true, Consumers: []engine.Consumer{{Number: 4, Connected: true, Orders: []engine.Order{poison}}}},
		{Number: 3, Waiting: 2, Next: orders("E1 F9"), Consumers: []engine.Consumer{consumer(3, "E7")}},
	}, Users: all}, map[string]float64{"handled": 99, "violations": 0, "gaps": 1, "throughput": 4})
	snap.InFlight = 7
	return snap
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

var sizes = [][2]int{{0, 0}, {1, 1}, {20, 3}, {40, 6}, {56, 10}, {78, 16}, {110, 30}, {130, 26}}

func frame(th *theme.Theme, c *i18n.Catalogue, snap *lab.Snapshot, w, h int) pane.Frame {
	spec := engine.Spec()
	return pane.Frame{W: w, H: h, Theme: th, Text: c, Spec: spec, Snap: snap, Settings: spec.Defaults(),
		A: &lab.Run{Metrics: map[string]float64{"throughput": 5.2}}}
}

func TestPicture(t *testing.T) {
	empty := &lab.Snapshot{Detail: &engine.Detail{}, Metrics: map[string]float64{}}
	for _, lookName := range []string{"ascii", "mono", "truecolor"} {
		for name, snap := range map[string]*lab.Snapshot{"calm": calm(), "broken": broken(), "faulty": faulty(), "empty": empty} {
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
	for name, snap := range map[string]*lab.Snapshot{"calm": calm(), "empty": {Detail: &engine.Detail{}, Metrics: map[string]float64{}}} {
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

// NATS takes no column from others, except where the lab runs on it.
func TestNATSHasItsColumn(t *testing.T) {
	for _, lang := range i18n.Langs() {
		for engineID, want := range map[string]string{"rabbitmq": "Service Bus", "nats": "NATS"} {
			snap := calm()
			snap.Detail.(*engine.Detail).Engine = engineID
			f := frame(look("mono"), text(t, lang), snap, 56, 10)
			f.View = 1
			if got := draw(t, f); !strings.Contains(got, want) {
				t.Errorf("%s, %s: no column %s in\n%s", lang, engineID, want, got)
			}
		}
	}
}

// TestTheLabsSystemHasAColumn: however narrow the picture is, with the figures that belong to it.
func TestTheLabsSystemHasAColumn(t *testing.T) {
	snap := calm()
	snap.Detail.(*engine.Detail).Engine = "nats"
	f := frame(look("mono"), text(t, i18n.English), snap, 40, 12) // beside the settings at 80 columns
	f.View = 1
	got := ansi.Strip(draw(t, f))
	for _, row := range []string{"RabbitMQ   Kafka    NATS", "A user1             1       3       3", "4              25 %    75 %    75 %"} {
		if !strings.Contains(got, row) {
			t.Errorf("no %q in\n%s", row, got)
		}
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
	th, c := look("truecolor"), text(t, i18n.Spanish)
	for w := range 130 {
		for _, h := range []int{0, 1, 2, 3, 5, 8, 13, 40} {
			draw(t, frame(th, c, calm(), w, h))
			draw(t, frame(th, c, faulty(), w, h))
		}
	}
}

// TestLanesBesideTheKnob: after an action the heading names the lanes that there
// are and what the knob says; before it, the knob is enough.
func TestLanesBesideTheKnob(t *testing.T) {
	for _, c := range []struct {
		snap  *lab.Snapshot
		set   int
		lang  i18n.Lang
		shows string // "" where the knob agrees
	}{
		{calm(), 3, i18n.English, ""},
		{calm(), 2, i18n.English, "3 lanes (set: 2)"},
		{calm(), 4, i18n.Spanish, "3 carriles (ajuste: 4)"},
		{faulty(), 4, i18n.English, "3 lanes (set: 4)"}, // the fourth runs empty
		{broken(), 3, i18n.English, ""},
		{broken(), 2, i18n.English, "3 consumers (set: 2)"},
	} {
		c.snap.Detail.(*engine.Detail).LanesSet = c.set
		f := frame(look("ascii"), text(t, c.lang), c.snap, 58, 16)
		got := draw(t, f)
		if c.shows == "" && strings.Contains(got, "(set: ") || !strings.Contains(got, c.shows) {
			t.Errorf("set to %d, want %q in\n%s", c.set, c.shows, got)
		}
	}
}

func TestAnUnknownDetailIsBlank(t *testing.T) {
	draw(t, frame(look("mono"), text(t, i18n.English), &lab.Snapshot{}, 10, 2))
}

func TestLetter(t *testing.T) {
	for user, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 27: "AB", 52: "BA", 499: "SF"} {
		if got := letter(user); got != want {
			t.Errorf("user %d is %s, want %s", user, got, want)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	f := frame(look("truecolor"), text(b, i18n.Spanish), calm(), 84, 26)
	b.ReportAllocs()
	for b.Loop() {
		Picture{}.Draw(f)
	}
}

// On a screen of 80x24 every lane and every user of the usual settings is drawn,
// in both languages: nothing takes their rows.
func TestLanesAndUsersHaveTheRoom(t *testing.T) {
	var texts []string
	for i := range 12 {
		texts = append(texts, fmt.Sprint(7+i, " ", 8+i, " ", 9+i))
	}
	snap := snapshot(engine.Detail{Mode: "convoy", Users: users(texts...), Broker: engine.BrokerState{Seen: true}, Lanes: []engine.Lane{
		{Number: 1, Open: true, Consumers: []engine.Consumer{consumer(1, "A12 A13")}}, {Number: 2, Open: true, Consumers: []engine.Consumer{consumer(2, "")}},
		{Number: 3, Open: true, Consumers: []engine.Consumer{consumer(3, "")}}, {Number: 4, Open: true, Consumers: []engine.Consumer{consumer(4, "")}},
	}}, map[string]float64{"handled": 1234})
	for _, lang := range i18n.Langs() {
		got := draw(t, frame(look("ascii"), text(t, lang), snap, 40, 12))
		for lane := 1; lane <= 4; lane++ {
			if !strings.Contains(got, fmt.Sprintf("-  %d ", lane)) {
				t.Errorf("%s: no lane %d in\n%s", lang, lane, got)
			}
		}
		for i := range 12 {
			if want := fmt.Sprint(letter(i), " "); !strings.Contains(got, want) || !strings.Contains(got, fmt.Sprint(9+i, " +")) {
				t.Errorf("%s: no user %s in\n%s", lang, want, got)
			}
		}
		if strings.Contains(got, "~") {
			t.Errorf("%s: something is cut in\n%s", lang, got)
		}
	}
}

// The status row says how old the broker's last confirm and delivery are, in both
// languages, once there were any.
func TestTheStatusRowHasTheAges(t *testing.T) {
	for lang, want := range map[i18n.Lang]string{
		i18n.English: "confirm 0.1 s ago, delivery 0.2 s ago",
		i18n.Spanish: "confirm hace 0.1 s, entrega hace 0.2 s",
	} {
		if got := (Picture{}).Note(frame(look("ascii"), text(t, lang), calm(), 80, 24)); got != want {
			t.Errorf("%v: %q, want %q", lang, got, want)
		}
	}
	if got := (Picture{}).Note(frame(look("ascii"), text(t, i18n.English), broken(), 80, 24)); got != "" {
		t.Errorf("before the first confirm: %q", got)
	}
}

// TestAnAdoptedLaneNamesItsConsumer: in a note, or where there is no room for one in
// place of the sign of the consumer.
func TestAnAdoptedLaneNamesItsConsumer(t *testing.T) {
	snap := calm()
	snap.Detail.(*engine.Detail).Lanes[0].Adopter = 2
	for lang, words := range map[i18n.Lang]string{i18n.English: "adopted by 2", i18n.Spanish: "adoptado por 2"} {
		for width, mark := range map[int]string{42: "-  1 2 A12", 84: "-  1 > A12"} {
			got := draw(t, frame(look("ascii"), text(t, lang), snap, width, 16))
			if !strings.Contains(got, mark) || !strings.Contains(got, words) {
				t.Errorf("%s, %d wide: no %q or no %q in\n%s", lang, width, mark, words, got)
			}
		}
	}
}
