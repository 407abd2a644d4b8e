package pane

import "time"

// historySize bounds how far back a chart looks.
const historySize = 240

// History samples a lab's metrics for the charts of the run that is shown,
// and keeps those of run A as its ghost. It belongs to one screen and is not
// safe for concurrent use.
type History struct {
	every   time.Duration // between samples, of the run's own time
	last    time.Duration
	started bool
	now     map[string][]float64
	ghost   map[string][]float64
}

// NewHistory returns a history that takes a sample each time that much of the
// run has passed.
func NewHistory(every time.Duration) *History {
	return &History{every: every, now: map[string][]float64{}}
}

// Every returns the time between two samples; 0 without a history.
func (h *History) Every() time.Duration {
	if h == nil {
		return 0
	}
	return h.every
}

// Sample offers the metrics at a moment of the run. A moment before the last
// one means that a new run has started.
func (h *History) Sample(elapsed time.Duration, metrics map[string]float64) {
	if elapsed < h.last {
		h.now, h.started = map[string][]float64{}, false
	}
	if h.started && elapsed-h.last < h.every {
		return
	}
	h.started, h.last = true, elapsed
	for id, v := range metrics {
		s := append(h.now[id], v)
		if len(s) > historySize {
			s = s[len(s)-historySize:]
		}
		h.now[id] = s
	}
}

// KeepGhost makes the series so far the ghost that later ones are drawn against.
func (h *History) KeepGhost() {
	h.ghost = make(map[string][]float64, len(h.now))
	for id, s := range h.now {
		h.ghost[id] = append([]float64(nil), s...)
	}
}

// Series returns a metric's samples, oldest first, and those of run A.
func (h *History) Series(id string) (now, ghost []float64) {
	if h == nil {
		return nil, nil
	}
	return h.now[id], h.ghost[id]
}

// Span is how much of a run so many samples stand for.
func (h *History) Span(samples int) time.Duration {
	if h == nil {
		return 0
	}
	return time.Duration(samples) * h.every
}
