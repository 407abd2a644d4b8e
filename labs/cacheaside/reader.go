package cacheaside

import (
	"context"
	"errors"
	"time"
)

// Reader asks a running lab's service for products from within the process,
// judged and counted as the lab's own reads are. The lab that New returns is one.
type Reader interface {
	// Read answers for one product. The error is catalog.ErrNotFound for a
	// product that is not there; any other is a failure of the service.
	Read(ctx context.Context, id int) (Reading, error)
}

// Reading is what the service answered.
type Reading struct {
	ID     int
	Name   string
	Price  float64
	Source Source
}

// Read implements Reader.
func (l *engine) Read(ctx context.Context, id int) (Reading, error) {
	r := l.run.Load()
	if r == nil {
		return Reading{}, errors.New("the lab is not running")
	}
	l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	a, err := l.observeRead(ctx, r, id, time.Now(), false)
	return Reading{ID: a.ID, Name: a.Name, Price: a.Price, Source: a.source}, err
}
