package minirabbit

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// A Failure makes the server refuse a method instead of carrying it out. It takes
// effect when Times is called.
type Failure struct {
	server *Server
	method string
	code   int
}

// Fail begins the description of a failure of a method that clients send, such as
// "queue.declare" or "basic.publish". It panics if no such method is known.
func (s *Server) Fail(method string) Failure {
	if !codec.IsMethod(func(m codec.Method) bool { return methodName(m) == method }) {
		panic(fmt.Sprintf("minirabbit: unknown method %q", method))
	}
	return Failure{s, method, broker.InternalError}
}

// With sets the reply code of the failure, which is 541 INTERNAL_ERROR otherwise.
// Codes below 500 close the channel, others the connection.
func (f Failure) With(code int) Failure {
	f.code = code
	return f
}

// Times lets the method fail the next n times that a client sends it. It replaces
// an earlier failure of the method; n = 0 ends it.
func (f Failure) Times(n int) { f.server.failures.set(f.method, f.code, n) }

// failures are the methods that fail.
type failures struct {
	any atomic.Bool // whether a method fails, so that others cost no lock

	mu       sync.Mutex
	byMethod map[string]*failing
}

type failing struct{ code, left int }

func (f *failures) set(method string, code, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byMethod == nil {
		f.byMethod = map[string]*failing{}
	}
	if n <= 0 {
		delete(f.byMethod, method)
	} else {
		f.byMethod[method] = &failing{code, n}
	}
	f.any.Store(len(f.byMethod) > 0)
}

// next returns the error with which a method fails now, or nil.
func (f *failures) next(m codec.Method) error {
	if !f.any.Load() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name := methodName(m)
	failing := f.byMethod[name]
	if failing == nil {
		return nil
	}
	if failing.left--; failing.left == 0 {
		delete(f.byMethod, name)
		f.any.Store(len(f.byMethod) > 0)
	}
	return broker.Refuse(failing.code, "failure of %s injected by a test", name)
}

// methodName returns the name of a method in the AMQP specification: "queue.declare"
// for a *codec.QueueDeclare.
func methodName(m codec.Method) string {
	var name strings.Builder
	for i, r := range reflect.TypeOf(m).Elem().Name() {
		if i > 0 && unicode.IsUpper(r) {
			name.WriteByte('.')
		}
		name.WriteRune(unicode.ToLower(r))
	}
	class, method, _ := strings.Cut(name.String(), ".")
	return class + "." + strings.ReplaceAll(method, ".", "-")
}
