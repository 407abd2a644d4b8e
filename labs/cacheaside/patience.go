package cacheaside

import (
	"context"
	"sync/atomic"
	"time"
)

// patience bounds how long readers wait. Those whom only the lab's end can
// call back share a context with all that begin in the same few milliseconds:
// one of its own would cost as much as everything else that the service adds to
// a hit, which takes some ten microseconds as a whole.
type patience struct {
	life   context.Context
	lasts  time.Duration
	shared atomic.Pointer[spell]
}

// spell is the time in which whoever begins shares one context.
type spell struct {
	context.Context
	over time.Time // for beginning
}

// spellPart is the part of a patience that its end may come late for whoever
// was the first in a spell.
const spellPart = 64

func newPatience(life context.Context, lasts time.Duration) *patience {
	return &patience{life: life, lasts: lasts}
}

// from returns the context of somebody who begins now, bounded by ctx, too.
// The function that it returns is due when the waiting is over.
func (p *patience) from(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	if ctx != p.life && ctx.Done() != nil {
		return context.WithDeadline(ctx, now.Add(p.lasts))
	}
	s := p.shared.Load()
	if s == nil || now.After(s.over) {
		// Several may do so at once: each has a spell then, and one stays.
		grain := p.lasts / spellPart
		bounded, cancel := context.WithDeadline(p.life, now.Add(p.lasts+grain))
		context.AfterFunc(bounded, cancel)
		s = &spell{bounded, now.Add(grain)}
		p.shared.Store(s)
	}
	return s, func() {}
}
