package service

import (
	"context"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// stopTimeout bounds what a write still does when its run has ended.
const stopTimeout = 2 * time.Second

// Write changes a price in the database, and brings the copy in line with it as
// the invalidation says. The error is catalog.ErrNotFound for a product that does
// not exist.
func (s *Service) Write(ctx context.Context, id int, price float64) (catalog.Product, error) {
	if err := s.invalidation.Before(ctx, id); err != nil && s.lost(id, err) {
		return catalog.Product{}, err
	}
	p, err := s.change(ctx, id, price)
	if err != nil {
		return catalog.Product{}, err
	}
	// The price has changed: what happens to the copy must not end with the
	// deadline of the writer, nor with the run.
	after, cancel := s.Clock.WithTimeout(context.WithoutCancel(s.Run), min(s.cfg.Timeout, stopTimeout))
	defer cancel()
	if err := s.invalidation.After(after, p); err != nil && s.lost(id, err) {
		return catalog.Product{}, err
	}
	return p, nil
}

// lost records that a copy could not be brought in line with a change, and reports
// whether the write fails by it.
func (s *Service) lost(id int, err error) (fails bool) {
	s.Counters.Writes.LostInvalidations.Add(1)
	s.Lost(id, err)
	return !s.cfg.Failure.Open
}

func (s *Service) change(ctx context.Context, id int, price float64) (catalog.Product, error) {
	if !s.Counters.Database.Admit(s.cfg.Failure.Limit) {
		return catalog.Product{}, errShed
	}
	defer s.Counters.Database.Leave()
	return s.db.setPrice(ctx, id, price)
}
