package convoy

import (
	"net/url"
	"testing"
	"time"

	"resilab/brokers/faultproxy"
	"resilab/labs/lab"
)

// A connection over which nothing comes any more stays open: for as long as no
// heartbeat is overdue, only the ages of the last confirm and of the last delivery
// say that the broker is silent.
func TestTheAgesOfASilentBrokerGrow(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		target, err := url.Parse(w.url)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := faultproxy.New(t.Context(), target.Host, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { proxy.Close() })
		target.Host = proxy.Addr()
		w.url = target.String()
		l := w.begin(t, turned{"rate": "100", "work": "1ms"})

		const old = time.Second
		ages := func(s *lab.Snapshot) BrokerState { return s.Detail.(*Detail).Broker }
		fresh := func(s *lab.Snapshot) bool {
			b := ages(s)
			return b.Seen && max(b.ConfirmAge, b.DeliveryAge) < old/2
		}
		await(t, l, "orders are confirmed and delivered", fresh)
		proxy.Down(faultproxy.BlackHole)
		s := await(t, l, "both ages grow", func(s *lab.Snapshot) bool { return min(ages(s).ConfirmAge, ages(s).DeliveryAge) > old })
		if len(s.Troubles) > 0 {
			t.Errorf("the silent connection counts as lost: %v", s.Troubles)
		}
		proxy.Up()
		await(t, l, "orders are confirmed and delivered again", fresh)
	})
}
