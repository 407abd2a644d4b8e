package cacheaside

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatienceIsSharedAndNeverShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		p := newPatience(life, 640*time.Millisecond) // a spell is 10 ms
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
			t.Errorf("the lab's end shows as %v", third.Err())
		}
	})
}

func TestPatienceEndsWithItsOwner(t *testing.T) {
	caller, leave := context.WithCancel(t.Context())
	ctx, done := newPatience(t.Context(), time.Hour).from(caller, time.Now())
	defer done()
	leave()
	if <-ctx.Done(); !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("a caller who leaves shows as %v", ctx.Err())
	}
}
