package kit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/kit"
)

// One person with a hundred computations delays another's by one of them and the rest
// that follows it.
func TestHeavyUserDelaysOthersByOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := kit.NewTurns(1)
		compute := func(s *kit.Share) {
			done, err := s.Wait(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer done()
			time.Sleep(time.Second)
		}
		var wg sync.WaitGroup
		loud, quiet := turns.NewShare(), turns.NewShare()
		for range 100 {
			wg.Go(func() { compute(loud) })
		}
		synctest.Wait()
		began := time.Now()
		compute(quiet)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the other's computation took %s", took)
		}
		wg.Wait()
	})
}

// A slot rests as long as it was used.
func TestTurnsRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := kit.NewTurns(3)
		began := time.Now()
		var wg sync.WaitGroup
		for range 6 {
			share := turns.NewShare()
			wg.Go(func() {
				done, err := share.Wait(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Second)
				done()
			})
		}
		wg.Wait()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("six computations in three slots took %s", took)
		}
	})
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	turns := kit.NewTurns(0) // at least one
	busy, other := turns.NewShare(), turns.NewShare()
	done, err := busy.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []*kit.Share{busy, other} {
		if _, err := s.Wait(over); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	done()
	if done, err = other.Wait(t.Context()); err != nil { // nothing is lost by the ones that gave up
		t.Fatal(err)
	}
	done()
}
