package lab

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"resilab/labs/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLab records the calls of its methods.
type fakeLab struct {
	mu      sync.Mutex
	calls   []string
	applied []Settings
	gate    chan struct{} // when set, Apply waits for it
	failing bool
}

func (f *fakeLab) note(call string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
}

func (f *fakeLab) Start(_ context.Context, s Settings, _ uint64) error {
	if f.failing {
		return errors.New("the broker is away")
	}
	f.note("start")
	f.applied = append(f.applied, s)
	return nil
}

func (f *fakeLab) Apply(ctx context.Context, s Settings) error {
	if f.gate != nil {
		select {
		case <-f.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied = append(f.applied, s)
	return nil
}

func (f *fakeLab) Pause()                               { f.note("pause") }
func (f *fakeLab) Resume()                              { f.note("resume") }
func (f *fakeLab) Step()                                { f.note("step") }
func (f *fakeLab) Do(_ context.Context, a string) error { f.note("do " + a); return nil }
func (f *fakeLab) Stop(context.Context) error           { f.note("stop"); return nil }
func (f *fakeLab) Snapshot() *Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.applied[len(f.applied)-1]
	return &Snapshot{Metrics: map[string]float64{"seen": float64(last.Int("n"))}, Elapsed: 2 * time.Second, EventTotal: 7}
}

func fakeSpec() *Spec {
	return &Spec{ID: "fake", Knobs: []Knob{NewInt("n", 1, 0, 100), NewRate("rate", 10, 0, 100)},
		Metrics: []Metric{{ID: "seen"}}}
}

func newFake(t *testing.T, f *fakeLab) *Experiment {
	t.Helper()
	e := NewExperiment(Options{Spec: fakeSpec(), New: func(Env) Lab { return f }, Seed: 7,
		Brokers: func(Settings) map[string]string { return map[string]string{"amqp": "embedded"} }})
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func settle(t *testing.T, e *Experiment) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !e.Settled() {
		if time.Now().After(deadline) {
			t.Fatal("the experiment does not settle")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestQuickTurnsOfAKnobAreOneApply(t *testing.T) {
	f := &fakeLab{gate: make(chan struct{})}
	e := newFake(t, f)
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	for n := 2; n <= 50; n++ {
		if err := e.Set("n", IntValue(n)); err != nil {
			t.Fatal(err)
		}
	}
	if e.Settled() {
		t.Fatal("settled while an apply waits")
	}
	if got := e.Current().Knobs.Int("n"); got != 1 {
		t.Fatalf("evidence names n=%d while the lab still measures with 1", got)
	}
	close(f.gate)
	settle(t, e)
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.applied); n > 3 {
		t.Errorf("49 quick turns were applied %d times", n-1)
	}
	if last := f.applied[len(f.applied)-1]; last.Int("n") != 50 {
		t.Errorf("the last value is lost: %d", last.Int("n"))
	}
}

func TestBadSettingsChangeNothing(t *testing.T) {
	f := &fakeLab{}
	e := newFake(t, f)
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	var ke *KnobError
	if err := e.Set("n", IntValue(101)); !errors.As(err, &ke) {
		t.Fatalf("got %v", err)
	}
	if got := e.Settings().Int("n"); got != 1 {
		t.Fatalf("n = %d", got)
	}
}

func TestCaptureIsEvidence(t *testing.T) {
	f := &fakeLab{}
	e := newFake(t, f)
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	e.CaptureA()
	if err := e.Set("n", IntValue(9)); err != nil {
		t.Fatal(err)
	}
	settle(t, e)
	e.CaptureB()
	a, b := e.Captured()
	if a.Metrics["seen"] != 1 || b.Metrics["seen"] != 9 || a.Seed != b.Seed {
		t.Fatalf("a %+v, b %+v", a, b)
	}
	got, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"lab":"fake","seed":7,"brokers":{"amqp":"embedded"},"knobs":{"n":1,"rate":10},"metrics":{"seen":1},"events":7,"duration_s":2}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A visitor gets no more than the limits, and the evidence says what was measured.
// The lab itself applies a limit that spares metrics.
func TestVisitorsGetNoMoreThanTheLimits(t *testing.T) {
	spec := fakeSpec()
	spec.Limits = []Limit{{Knob: "rate", Most: IntValue(20)}, {Knob: "n", Most: IntValue(10), Spares: "fleet_"}}
	asked := Settings{"n": IntValue(50), "rate": IntValue(80)}
	for _, guest := range []bool{false, true} {
		f := &fakeLab{}
		e := NewExperiment(Options{Spec: spec, New: func(Env) Lab { return f }, Env: Env{Guest: guest}})
		if err := e.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := e.SetAll(asked); err != nil {
			t.Fatal(err)
		}
		settle(t, e)
		if e.Settings()["rate"] != IntValue(80) {
			t.Errorf("the screen shows %v", e.Settings())
		}
		want, cuts := asked, 0
		if guest {
			want, cuts = Settings{"n": IntValue(50), "rate": IntValue(20)}, 2
		}
		if got := f.applied[len(f.applied)-1]; !maps.Equal(got, want) || !maps.Equal(e.Current().Knobs, want) {
			t.Errorf("guest %t: the lab has %v, the evidence says %v, want %v", guest, got, e.Current().Knobs, want)
		}
		got := e.Cuts(e.Settings())
		if len(got) != cuts || cuts > 0 && (got[0].Asked != IntValue(80) || got[0].Most != IntValue(20)) {
			t.Errorf("guest %t: cuts %v", guest, got)
		}
		if len(e.Cuts(spec.Defaults())) > 0 {
			t.Error("the defaults are cut")
		}
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// A rest is no pause of the person's: it neither ends one nor becomes one.
func TestRestingIsNotPausing(t *testing.T) {
	f := &fakeLab{}
	e := newFake(t, f)
	e.Rest(true) // before it starts
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if phase, _ := e.Phase(); phase != Running {
		t.Errorf("a resting lab has phase %v", phase)
	}
	e.Rest(false)
	e.TogglePause()
	e.Rest(true)
	e.Rest(false)
	if phase, _ := e.Phase(); phase != Paused {
		t.Errorf("after a rest a paused lab has phase %v", phase)
	}
	e.TogglePause()
	e.Rest(true)
	e.Restart()
	settle(t, e)
	f.mu.Lock()
	defer f.mu.Unlock()
	want := []string{"start", "pause", "resume", "pause", "pause", "pause", "resume", "pause", "stop", "start", "pause"}
	if !slices.Equal(f.calls, want) {
		t.Errorf("calls %v, want %v", f.calls, want)
	}
}

func TestPauseStepSpeedRestart(t *testing.T) {
	f := &fakeLab{}
	e := newFake(t, f)
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	e.Step() // pauses first
	e.TogglePause()
	e.ChangeSpeed(-1)
	settle(t, e)
	if got, _ := e.Speed(); got != 0.5 {
		t.Errorf("speed %v", got)
	}
	f.mu.Lock()
	if len(f.applied) != 1 {
		t.Errorf("a change of speed applied settings: %v", f.applied)
	}
	f.mu.Unlock()
	for range 10 {
		e.ChangeSpeed(-1)
	}
	if got, _ := e.Speed(); got != 0.1 {
		t.Errorf("slowest speed %v", got)
	}
	e.Do("flush")
	e.Restart()
	settle(t, e)
	f.mu.Lock()
	defer f.mu.Unlock()
	want := []string{"start", "pause", "step", "resume", "do flush", "stop", "start"}
	if len(f.calls) != len(want) {
		t.Fatalf("calls %v, want %v", f.calls, want)
	}
	for i := range want {
		if f.calls[i] != want[i] {
			t.Fatalf("calls %v, want %v", f.calls, want)
		}
	}
}

func TestFailedStartIsReportedAndCanBeRetried(t *testing.T) {
	f := &fakeLab{failing: true}
	e := newFake(t, f)
	if err := e.Start(context.Background()); err == nil {
		t.Fatal("no error")
	}
	if phase, err := e.Phase(); phase != Failed || err == nil {
		t.Fatalf("phase %v, %v", phase, err)
	}
	if e.Snapshot() != nil {
		t.Fatal("a lab that did not start has a snapshot")
	}
	f.failing = false
	e.Restart()
	settle(t, e)
	if phase, err := e.Phase(); phase != Running || err != nil {
		t.Fatalf("phase %v, %v", phase, err)
	}
}

// brittleLab panics when it is stopped.
type brittleLab struct{ *fakeLab }

func (brittleLab) Stop(context.Context) error { panic("defect") }

func TestAPanicWhileStoppingEndsNothingElse(t *testing.T) {
	var reason any
	e := NewExperiment(Options{Spec: fakeSpec(), New: func(Env) Lab { return brittleLab{&fakeLab{}} },
		Env: Env{Shared: Shared{Crashed: func(r any, _ []byte) { reason = r }}}})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Stop(t.Context()); err != nil || reason != "defect" {
		t.Errorf("reported %v, %v", reason, err)
	}
}

// A started lab takes part in the capacity of its process, and a stopped one no
// longer does.
func TestAFullProcessSlowsTheLab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := clock.NewCapacity(1, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var share sync.WaitGroup
		share.Go(func() { full.Share(ctx) })
		k := clock.New(nil)
		e := NewExperiment(Options{Spec: fakeSpec(), New: func(Env) Lab { return &fakeLab{} }, Env: Env{Clock: k, Shared: Shared{Capacity: full}}})
		busy := func() {
			for range 100 {
				k.Count()
			}
			time.Sleep(2 * time.Second)
		}
		busy()
		if _, slowed := e.Speed(); slowed {
			t.Error("slowed before it is started")
		}
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		busy()
		if got, slowed := e.Speed(); !slowed || got >= 1 {
			t.Errorf("speed %v: not slowed", got)
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		busy()
		if got, slowed := e.Speed(); slowed || got != 1 {
			t.Errorf("speed %v after the stop", got)
		}
		cancel()
		share.Wait()
	})
}
