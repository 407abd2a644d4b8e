package cacheaside

import (
	"context"
	"fmt"
	"time"

	"resilab/labs/cacheaside/fault"
	"resilab/labs/lab"
)

// Do implements kit.Engine.
func (l *engine) Do(ctx context.Context, r *run, action string) error {
	defer l.Changed()
	switch action {
	case "expire":
		return l.expireNow(ctx, r)
	case "price":
		return l.raisePrice(ctx, r)
	case "redis-down":
		l.servers.dialer.Set(fault.Down)
	case "redis-up":
		l.servers.dialer.Set(fault.None)
	case "db-down":
		l.outage.Set(true, l.Clock.Now())
		l.Log.Add(lab.MarkFault, "cacheaside.event.db-down")
	case "db-up":
		l.outage.Set(false, l.Clock.Now())
		l.Log.Add(lab.MarkRecovered, "cacheaside.event.db-up")
	case "flush":
		n, err := l.servers.cache().DeletePrefix(ctx, l.servers.prefix)
		if err != nil {
			return err
		}
		l.Log.Add(lab.MarkInfo, "cacheaside.event.flushed", n)
	default:
		return fmt.Errorf("unknown action %q", action)
	}
	return nil
}

// raisePrice changes the price of the first product by 10 dollars.
func (l *engine) raisePrice(ctx context.Context, r *run) error {
	p, err := l.db.Find(ctx, 1)
	if err != nil {
		return err
	}
	_, err = r.write(ctx, 1, float64(int(p.Price)+10))
	return err
}

// expireNow lets the most popular copy that exists expire at once. The watch is
// told first: it may see the end before the command returns.
func (l *engine) expireNow(ctx context.Context, r *run) error {
	for id := 1; id <= min(shown, r.cfg.load.Products); id++ {
		p, now := r.products.Of(id), l.Clock.Now()
		left := p.Left(now)
		p.Shortened(now)
		there, err := l.servers.cache().Expire(ctx, r.service.Key(id), time.Millisecond)
		if err == nil && there {
			r.watch.Poke()
			return nil
		}
		if left > 0 {
			p.Lengthened(left, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
