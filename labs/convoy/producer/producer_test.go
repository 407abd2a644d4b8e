package producer

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is where a producer under test gets its orders from, and the broker that
// takes them.
type shop struct {
	clock  *clock.Clock
	p      *Producer
	seqs   map[int]uint64
	orders map[uint64]transport.Order
	// fate decides what becomes of an order; an error means that it is not sent.
	fate func(o transport.Order) (transport.Fate, error)
	// taken are the orders that the broker took, in their order, and tries how often
	// each was sent.
	taken []transport.Order
	tries map[uint64]int
}

func newShop(fate func(transport.Order) (transport.Fate, error)) *shop {
	return &shop{clock: clock.New(nil), seqs: map[int]uint64{}, orders: map[uint64]transport.Order{}, tries: map[uint64]int{}, fate: fate}
}

func (s *shop) Place(user int) (transport.Order, transport.Lane) {
	s.seqs[user]++
	o := transport.Order{N: uint64(len(s.orders)), User: user, Seq: s.seqs[user], Created: s.clock.Now()}
	s.orders[o.N] = o
	return o, transport.Lane{Number: 1}
}

func (s *shop) Republish(n uint64) (transport.Order, transport.Lane, bool) {
	return s.orders[n], transport.Lane{Number: 1}, true
}

func (s *shop) NotSent(uint64)                    {}
func (s *shop) Release(uint64)                    {}
func (s *shop) Room() bool                        { return true }
func (s *shop) AwaitUp(ctx context.Context) error { return ctx.Err() }
func (s *shop) Publish(_ context.Context, o transport.Order, _ transport.Lane) error {
	s.tries[o.N]++
	fate, err := s.fate(o)
	if err != nil {
		return err
	}
	if fate == transport.Confirmed {
		s.taken = append(s.taken, o)
	}
	s.p.Settled(o, fate)
	return nil
}

// run lets users order for a while.
func (s *shop) run(t *testing.T, opt Options, d time.Duration) {
	t.Helper()
	opt.Clock, opt.Valve = s.clock, kit.NewValve()
	if opt.Burst == 0 {
		opt.Burst = 1
	}
	if opt.Pick == nil {
		next := 0
		opt.Pick = func() int { next++; return next % opt.Users }
	}
	s.p = New(opt, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.p.Run(ctx, s)
	}()
	time.Sleep(d)
	cancel()
	<-done
}

const refused = transport.Fate(1)

// TestOrdersArriveAtTheRate counts the orders of a minute.
func TestOrdersArriveAtTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(func(transport.Order) (transport.Fate, error) { return transport.Confirmed, nil })
		s.run(t, Options{Users: 3, Rate: 20, Burst: 4}, time.Minute)
		if n := len(s.taken); n < 1196 || n > 1204 {
			t.Errorf("%d orders in a minute at 20 a second", n)
		}
	})
}

// TestRefusedOrderIsResentWithBackoff: a broker that refuses everything for
// five seconds sees few tries, and what it takes then is in order.
func TestRefusedOrderIsResentWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := newShop(func(transport.Order) (transport.Fate, error) {
			if time.Since(began) < 5*time.Second {
				return refused, nil
			}
			return transport.Confirmed, nil
		})
		s.run(t, Options{Users: 3, Rate: 30, Limit: 300}, time.Minute)
		total := 0
		for _, n := range s.tries {
			total += n
		}
		if again := total - 300; again < 9 || again > 60 {
			t.Errorf("%d tries again", again)
		}
		inOrder(t, s.taken, 300)
		if c := s.p.Counts(); c.Published != 300 || c.Delayed != 0 || c.Refused == 0 || c.Republished != total-300 {
			t.Errorf("%+v, %d tries", c, total)
		}
	})
}

func inOrder(t interface{ Errorf(string, ...any) }, taken []transport.Order, want int) {
	last := map[int]uint64{}
	for _, o := range taken {
		if o.Seq != last[o.User]+1 {
			t.Errorf("user %d: order %d after %d", o.User, o.Seq, last[o.User])
		}
		last[o.User] = o.Seq
	}
	if len(taken) != want {
		t.Errorf("%d of %d were taken", len(taken), want)
	}
}

// TestEachUsersOrdersStayInOrder: whatever the broker refuses, forgets or does not
// take at all.
func TestEachUsersOrdersStayInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		outcomes := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 60).Draw(rt, "outcomes")
		synctest.Test(t, func(t *testing.T) {
			i := 0
			s := newShop(func(transport.Order) (transport.Fate, error) {
				if i++; i > len(outcomes) {
					return transport.Confirmed, nil
				}
				switch outcomes[i-1] {
				case 0:
					return refused, nil
				case 1:
					return transport.Unknown, nil
				case 2:
					return 0, transport.ErrLaneDown
				case 3:
					return 0, errors.New("closing")
				}
				return transport.Confirmed, nil
			})
			s.run(t, Options{Users: 2, Rate: 50, Limit: 40}, 5*time.Minute)
			inOrder(rt, s.taken, 40)
		})
	})
}

// TestScriptsAndHolds: placed orders are published while the rate allows no others;
// while all are held, none is.
func TestScriptsAndHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(func(transport.Order) (transport.Fate, error) { return transport.Confirmed, nil })
		valve := kit.NewValve()
		valve.Close()
		picks := 0
		s.p = New(Options{Users: 3, Rate: 1000, Burst: 1, Clock: s.clock, Valve: valve, Pick: func() int { picks++; return 2 }}, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.p.Run(ctx, s)
		}()
		time.Sleep(time.Second)
		s.p.Hold(true)
		s.p.Place(0, 1, 0)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(s.taken) != 0 {
			t.Errorf("%v while all are held", s.taken)
		}
		s.p.Hold(false)
		time.Sleep(time.Second)
		valve.Step()
		time.Sleep(time.Second)
		synctest.Wait()
		users := []int{}
		for _, o := range s.taken {
			users = append(users, o.User)
		}
		if !slices.Equal(users, []int{0, 1, 0, 2}) || picks != 1 {
			t.Errorf("users %v ordered, %d picks", users, picks)
		}
		cancel()
		<-done
	})
}
