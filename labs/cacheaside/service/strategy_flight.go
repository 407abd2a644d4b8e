package service

import (
	"context"
	"strconv"
)

// singleFlight lets one reader of each instance load for all that read the
// same product at the same time.
type singleFlight struct{ everyReader }

func (f singleFlight) Miss(_ context.Context, q *query) (Answer, error) {
	return f.once(q, f.s.loadUnlessFilled)
}

func (f singleFlight) Uncached(_ context.Context, q *query) (Answer, error) {
	return f.once(q, f.s.uncached)
}

// once runs ask for all readers of this instance that want the same product at
// the same time. It must not end with the reader that came first, but with the
// time-out since that one came.
func (f singleFlight) once(q *query, ask func(context.Context, *query) (Answer, error)) (Answer, error) {
	s := f.s
	got, err, _ := q.inst.flight.Do(strconv.Itoa(q.id), func() (any, error) {
		ctx, cancel := s.Clock.WithTimeout(s.Run, s.cfg.Timeout-s.Clock.Since(q.asked))
		defer cancel()
		return ask(ctx, q)
	})
	return got.(Answer), err
}
