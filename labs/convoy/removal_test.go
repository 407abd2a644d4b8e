package convoy

import (
	"context"
	"errors"
	"testing"
	"time"

	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// slowClose closes lanes only after so many further orders were placed: the
// broker routes those as before, and the lab as if the lane were closed.
type slowClose struct {
	transport.Transport
	run   *run
	after uint64
}

func (s slowClose) CloseLane(ctx context.Context, l transport.Lane) error {
	for due := s.run.state.placed.Load() + s.after; s.run.state.placed.Load() < due; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return s.Transport.CloseLane(ctx, l)
}

// slowEngine is the lab over slowClose. It passes its run to begun.
type slowEngine struct {
	engine
	begun chan<- *run
}

func (e *slowEngine) Begin(ctx context.Context, r *kit.Run) (*run, error) {
	url, err := e.Env.Open(ctx, productOf(r.Settings).kind)
	if err != nil {
		return nil, err
	}
	work := newRun(e.Base, r, url)
	work.transport = slowClose{work.transport, work, 60}
	work.start()
	e.begun <- work
	return work, work.transport.AwaitFirst(ctx)
}

// TestNothingIsLostWhileALaneIsClosed: orders are placed while a lane with a
// backlog is being closed. Some get into it although the lab sends them elsewhere;
// they are not lost, and the lane is kept until they are handled.
func TestNothingIsLostWhileALaneIsClosed(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		begun := make(chan *run, 1)
		opt := kit.Options{LogSize: logSize, Shown: shownEvents, Routine: routineASecond}
		l := kit.NewRunner(lab.Env{Open: w.open(t), Namespace: namespace()}, opt,
			func(b *kit.Base) kit.Engine[*run] { return &slowEngine{engine{b}, begun} })
		if err := l.Start(t.Context(), settings(t, turned{"users": "40", "rate": "150", "work": "1ms", "lanes": "3", "popularity": "turns"}), 1); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Stop(context.Background()) }()
		work := <-begun
		first := work.team.all()[0]
		first.Hang(true)
		await(t, l, "orders wait", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Lanes[0].Waiting > 20 })
		if err := l.Do(t.Context(), removeFirst); err != nil {
			t.Fatal(err)
		}
		handled := l.Snapshot().Metrics["handled"]
		await(t, l, "the other lanes work on", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > handled+400 })
		if lost := l.Snapshot().Metrics["lost"]; lost != 0 {
			t.Errorf("%v orders are lost while the lane's consumer hangs", lost)
		}
		first.Hang(false)
		await(t, l, "the lane is removed", func(s *lab.Snapshot) bool { return len(s.Detail.(*Detail).Lanes) == 2 })
		l.Pause()
		if m := await(t, l, "all is handled", atRest).Metrics; m["lost"] != 0 || m["unique_messages"] != m["published"] {
			t.Errorf("%v", m)
		}
	})
}

// cancelled is a context that was cancelled after its Done was looked at.
type cancelled struct{ context.Context }

func (cancelled) Err() error { return context.Canceled }

// TestALabThatIsLeftWhileItStarts: it has not begun, although the broker was
// reached, and can be stopped.
func TestALabThatIsLeftWhileItStarts(t *testing.T) {
	l := New(lab.Env{Open: embedded(t).open(t), Namespace: namespace()})
	if err := l.Start(cancelled{t.Context()}, settings(t, nil), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("starting: %v", err)
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Errorf("stopping: %v", err)
	}
}
