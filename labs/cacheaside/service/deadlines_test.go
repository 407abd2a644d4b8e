package service

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/clock"
)

func TestDeadlinesAreSharedAndNeverShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		p := newDeadlines(life, clock.New(nil), 640*time.Millisecond) // a slot is 10 ms
		begin := time.Now()
		first, done := p.from(context.Background(), begin)
		defer done()
		time.Sleep(9 * time.Millisecond)
		second, done := p.from(life, time.Now())
		defer done()
		if first != second {
			t.Error("two that begin together do not share their time")
		}
		if later, done := p.from(life, begin.Add(20*time.Millisecond)); later == first {
			t.Error("one that begins later shares it, too")
		} else {
			done()
		}
		<-second.Done()
		if took := time.Since(begin); took < 649*time.Millisecond || took > 650*time.Millisecond {
			t.Errorf("it ended after %s", took)
		}
		third, done := p.from(life, time.Now())
		defer done()
		end()
		if <-third.Done(); !errors.Is(third.Err(), context.Canceled) {
			t.Errorf("the end of the run shows as %v", third.Err())
		}
	})
}

func TestDeadlinesEndWithTheCaller(t *testing.T) {
	caller, leave := context.WithCancel(t.Context())
	ctx, done := newDeadlines(t.Context(), clock.New(nil), time.Hour).from(caller, time.Now())
	defer done()
	leave()
	if <-ctx.Done(); !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("a caller who leaves shows as %v", ctx.Err())
	}
}
