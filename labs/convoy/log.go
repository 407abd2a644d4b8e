package convoy

import (
	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// Lines about orders, of one kind, that are written each second. A person can
// glance at the routine ones; the others stay in the log beside faults.
const (
	routineASecond = 15
	noticeASecond  = 2
)

// orderLog writes lines about orders. The limits come first, so that a line that
// is not written costs next to nothing.
type orderLog struct {
	log             *kit.ThrottledLog
	routine, notice *kit.Limiter
}

func newOrderLog(log *kit.ThrottledLog, c *clock.Clock) *orderLog {
	return &orderLog{log: log, routine: kit.NewLimiter(routineASecond, c.Now), notice: kit.NewLimiter(noticeASecond, c.Now)}
}

// usual writes a line that many others of its kind will push out.
func (l *orderLog) usual(mark lab.Mark, key string, o transport.Order, extra ...any) {
	if ok, _ := l.routine.Allow(key); ok {
		l.log.AddRoutine(mark, key, orderArgs(o, extra)...)
	}
}

// unusual writes a line that stays.
func (l *orderLog) unusual(mark lab.Mark, key string, o transport.Order, extra ...any) {
	if ok, _ := l.notice.Allow(key); ok {
		l.log.Add(mark, key, orderArgs(o, extra)...)
	}
}

func orderArgs(o transport.Order, extra []any) []any {
	return append([]any{o.ID(), o.UserName(), int(o.Seq)}, extra...)
}
