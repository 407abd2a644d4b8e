package transport

import (
	"reflect"
	"testing"
)

// lanesDown records the reports of lanes that are down.
type lanesDown struct {
	Events
	reports [][]Lane
}

func (e *lanesDown) LanesDown(down []Lane) { e.reports = append(e.reports, down) }

// While a node is down its lanes are looked at again and again. Only a change is
// reported.
func TestLanesDownAreReportedOnceAChange(t *testing.T) {
	var e lanesDown
	r := newRabbitLanes(Options{Namespace: "a", Lanes: 3}, &e)
	one, two := []Lane{RabbitLane("a", 1)}, []Lane{RabbitLane("a", 1), RabbitLane("a", 2)}
	for _, down := range [][]Lane{nil, one, two, nil} {
		for range 20 {
			r.setDown(down)
		}
	}
	if want := [][]Lane{one, two, nil}; !reflect.DeepEqual(e.reports, want) {
		t.Errorf("reported %v, want %v", e.reports, want)
	}
}
