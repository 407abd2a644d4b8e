package kit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/kit"
)

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		var at []time.Duration
		kit.Every(ctx, 3*time.Second, func() {
			at = append(at, time.Since(began))
			time.Sleep(4 * time.Second) // longer than the interval
		})
		if len(at) != 2 || at[0] != 3*time.Second || at[1] != 7*time.Second {
			t.Errorf("called after %v", at)
		}
	})
}
