package convoy

import (
	"errors"
	"slices"
	"testing"

	"resilab/brokers/brokertest"
	"resilab/labs/lab"
)

// longDead has consumers that do not come back while a test lasts.
var longDead = turned{"users": "40", "lanes": "4", "rate": "60", "work": "8ms", "restart-after": "1m"}

// TestALaneIsAdopted: its neighbor goes on where a consumer that died had come to.
func TestALaneIsAdopted(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		l := w.begin(t, with(longDead, "adopt", "true"))
		dead := kill(t, l)
		snap := await(t, l, "its neighbor serves the lane", func(s *lab.Snapshot) bool {
			_, known := s.Metrics["takeover_ms"]
			return known && laneOf(s, dead).Adopter == dead%4+1 && s.Metrics["handled"] > 300
		})
		adopted := slices.ContainsFunc(snap.Events, func(e lab.Event) bool {
			return e.Key == "convoy.event.adopted" && slices.Equal(e.Args, []any{dead%4 + 1, dead, dead})
		})
		if took := snap.Metrics["takeover_ms"]; took >= 60_000 || !adopted {
			t.Errorf("taken over after %v ms; said so: %v", took, adopted)
		}
		l.Pause()
		m := await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
		if m["violations"]+m["lost"]+m["gaps"] != 0 || m["duplicates"] != 1 || m["unique_messages"] != m["published"] {
			t.Errorf("%v", m)
		}
	})
}

// TestALaneWaitsForItsConsumer, and the others go on.
func TestALaneWaitsForItsConsumer(t *testing.T) {
	l := embedded(t).begin(t, longDead)
	dead := kill(t, l)
	handled := l.Snapshot().Metrics["handled"]
	snap := await(t, l, "the others go on", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > handled+200 })
	if _, known := snap.Metrics["takeover_ms"]; known || laneOf(snap, dead).Waiting < 10 {
		t.Errorf("%v, %+v", snap.Metrics, laneOf(snap, dead))
	}
}

// TestAdoptersDieToo: the consumer that serves the first user dies, again and again.
func TestAdoptersDieToo(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		const deaths = 4
		l := w.begin(t, with(longDead, "adopt", "true", "restart-after", "100ms"))
		for range deaths {
			kill(t, l)
		}
		handled := l.Snapshot().Metrics["handled"]
		await(t, l, "it goes on", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > handled+100 })
		l.Pause()
		m := await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
		if m["violations"]+m["lost"]+m["gaps"] != 0 || m["duplicates"] != deaths || m["unique_messages"] != m["published"] {
			t.Errorf("%v", m)
		}
	})
}

// consumersComeFirst after the broker was away: who stands by does not come before them.
func consumersComeFirst(t *testing.T, w world, node *brokertest.RabbitNode) {
	l := w.begin(t, with(longDead, "adopt", "true"))
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	if err := node.Stop(); err != nil {
		t.Fatal(err)
	}
	await(t, l, "it says that the broker is away", func(s *lab.Snapshot) bool { return len(s.Troubles) > 0 })
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	before := l.Snapshot().Metrics["handled"]
	snap := await(t, l, "it works again", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > before+200 })
	for _, lane := range snap.Detail.(*Detail).Lanes {
		if lane.Adopter != 0 {
			t.Errorf("lane %d was adopted by %d", lane.Number, lane.Adopter)
		}
	}
}

func TestAdoptedLanesStay(t *testing.T) {
	l := embedded(t).begin(t, turned{"adopt": "true"})
	for _, change := range []string{addLane, removeFirst, removeLast} {
		if err := l.Do(t.Context(), change); !errors.Is(err, errStandbyFixed) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// kill kills the consumer of the first user, which has then handled an order without
// acknowledging it, and returns its number.
func kill(t *testing.T, l lab.Lab) (number int) {
	t.Helper()
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 40 && connected(s) })
	before := len(killed(l.Snapshot()))
	if err := l.Do(t.Context(), actionKill); err != nil {
		t.Fatal(err)
	}
	snap := await(t, l, "it dies", func(s *lab.Snapshot) bool { return len(killed(s)) > before })
	return killed(snap)[before]
}

// killed lists the consumers that died.
func killed(s *lab.Snapshot) (numbers []int) {
	for _, e := range s.Events {
		if e.Key == "convoy.event.killed" {
			numbers = append(numbers, e.Args[0].(int))
		}
	}
	return numbers
}

func connected(s *lab.Snapshot) bool {
	for _, lane := range s.Detail.(*Detail).Lanes {
		if !slices.ContainsFunc(lane.Consumers, func(c Consumer) bool { return c.Connected }) {
			return false
		}
	}
	return true
}

func laneOf(s *lab.Snapshot, number int) Lane {
	for _, lane := range s.Detail.(*Detail).Lanes {
		if lane.Number == number {
			return lane
		}
	}
	return Lane{}
}

// TestADeathStrikesWhoServesTheLane: not a consumer that stands by and may never be given
// an order again.
func TestADeathStrikesWhoServesTheLane(t *testing.T) {
	l := embedded(t).begin(t, with(longDead, "adopt", "true"))
	first := kill(t, l)
	await(t, l, "its neighbor serves the lane", func(s *lab.Snapshot) bool { return laneOf(s, first).Adopter != 0 })
	if second := kill(t, l); second != first%4+1 {
		t.Errorf("after consumer %d consumer %d died", first, second)
	}
}
