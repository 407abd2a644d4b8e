package input

import (
	"context"
	"io"
	"time"
)

const (
	chunk = 4096
	// pace is the least time between two reads. A client that floods is read at
	// most this often, and what it sends too much is dropped.
	pace = 5 * time.Millisecond
)

// Reader is the input of a tea.Program: each Read returns one token of a
// [Decoder]. The caller must run Pump in a goroutine for as long as the program
// reads. Read is for one goroutine.
type Reader struct {
	ctx     context.Context
	decoder Decoder
	chunks  chan []byte
	ended   chan struct{}
	yielded chan struct{}
	err     error  // of the source; set before ended is closed
	rest    []byte // of a token that was longer than the caller's buffer
	last    time.Time
}

// NewReader returns a reader whose Read and Pump return when ctx ends.
func NewReader(ctx context.Context) *Reader {
	return &Reader{ctx: ctx, chunks: make(chan []byte), ended: make(chan struct{}), yielded: make(chan struct{}, 1)}
}

// Yield ends the present or the next Read with io.EOF, once: the goroutine that
// reads stops, and another one can go on from there.
func (r *Reader) Yield() {
	select {
	case r.yielded <- struct{}{}:
	default:
	}
}

// Pump reads from the terminal until that fails or the context ends. It is
// called once; a Read of from that blocks must be ended by its owner.
func (r *Reader) Pump(from io.Reader) {
	defer close(r.ended)
	for {
		p := make([]byte, chunk)
		n, err := from.Read(p)
		if n > 0 {
			select {
			case r.chunks <- p[:n]:
			case <-r.ctx.Done():
				return
			}
		}
		if err != nil {
			r.err = err
			return
		}
		select {
		case <-time.After(pace):
		case <-r.ctx.Done():
			return
		}
	}
}

// Read implements io.Reader. After the context has ended it returns io.EOF,
// after the source has failed the source's error.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.rest = r.decoder.Next(); r.rest != nil {
			break
		}
		if err := r.wait(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// wait takes the next bytes, or ends a sequence that stays unfinished.
func (r *Reader) wait() error {
	var expired <-chan time.Time
	if d, waiting := r.decoder.Wait(); waiting {
		timer := time.NewTimer(time.Until(r.last.Add(d)))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case p := <-r.chunks:
		r.last = time.Now()
		r.decoder.Feed(p, r.last)
	case <-expired:
		r.decoder.Expire()
	case <-r.yielded:
		return io.EOF
	case <-r.ended:
		if _, waiting := r.decoder.Wait(); waiting {
			r.decoder.Expire()
			return nil
		}
		if r.err == nil {
			return io.EOF
		}
		return r.err
	case <-r.ctx.Done():
		return io.EOF
	}
	return nil
}
