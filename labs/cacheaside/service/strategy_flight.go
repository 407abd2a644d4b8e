package service

import "context"

// singleFlight lets one reader of each instance load for all that want the same
// product at the same time.
type singleFlight struct{ everyReader }

func (f singleFlight) Miss(_ context.Context, q *query) (Answer, error) {
	return f.s.once(q, f.s.loadUnlessFilled)
}

func (f singleFlight) Uncached(_ context.Context, q *query) (Answer, error) {
	return f.s.once(q, f.s.uncached)
}
