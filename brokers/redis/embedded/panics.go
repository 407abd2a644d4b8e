package embedded

import (
	"strconv"
	"time"

	redisserver "github.com/alicebob/miniredis/v2/server"
)

// dispatch lets miniredis execute a command. Where miniredis panics, the client gets
// an error and its connection ends, instead of the program that the server is in.
func (s *Server) dispatch(p *redisserver.Peer, args []string) {
	defer func() {
		if recover() == nil {
			return
		}
		s.unlock()
		p.WriteError("ERR the embedded Redis failed at this command")
		p.Close()
	}()
	s.core.Dispatch(p, args)
}

// unlock releases the lock of miniredis where the command that panicked holds it.
// Another one holds it for a moment only.
func (s *Server) unlock() {
	for deadline := time.Now().Add(lockPatience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if s.m.TryLock() {
			break
		}
	}
	s.m.Unlock()
}

const lockPatience = time.Second

// maxRandom bounds how many members a command draws with repetition.
const maxRandom = 1 << 20

// checkCount refuses to draw more members than there is memory for.
func checkCount(_ *session, _ string, args []string) *change {
	if len(args) < 2 {
		return nil
	}
	if n, err := strconv.ParseInt(args[1], 10, 64); err == nil && n < -maxRandom {
		return instead(errorf("ERR value is out of range"))
	}
	return nil
}
