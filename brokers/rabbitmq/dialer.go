package rabbitmq

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// nextAfter is how long a server may take to answer where another can be tried.
const nextAfter = 2 * time.Second

// Dialer opens one connection after another to the servers of a URL. It must be used
// by one goroutine at a time.
type Dialer struct {
	opt  Options
	from int // the server that is tried first
	last int // the server of the last connection
}

// NewDialer returns a dialer that begins with the first server.
func NewDialer(o Options) *Dialer { return &Dialer{opt: o} }

// Skip makes the next Dial begin with the server after the one of the last
// connection.
func (d *Dialer) Skip() { d.from = d.last + 1 }

// Dial opens a connection to the first server that takes it, in the order of the
// URL. The error is one line that names each address.
func (d *Dialer) Dial(ctx context.Context) (*Conn, error) {
	servers, err := Servers(d.opt.URL)
	if err != nil {
		return nil, fmt.Errorf("reading the address of RabbitMQ: %w", err)
	}
	o := d.opt
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
		if len(servers) > 1 {
			o.Timeout = nextAfter
		}
	}
	var failed dialErrors
	for i := range servers {
		at := (d.from + i) % len(servers)
		o.URL = servers[at]
		c, err := dial(ctx, o)
		if err == nil {
			d.from, d.last = at, at
			return c, nil
		}
		if failed = append(failed, err); ctx.Err() != nil {
			break
		}
	}
	if len(failed) == 1 {
		return nil, failed[0]
	}
	return nil, failed
}

// dialErrors are why no server took a connection.
type dialErrors []error

func (e dialErrors) Error() string {
	all := make([]string, len(e))
	for i, err := range e {
		all[i] = err.Error()
	}
	return strings.Join(all, "; ")
}

func (e dialErrors) Unwrap() []error { return e }
