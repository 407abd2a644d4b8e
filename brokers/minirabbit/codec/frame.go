package codec

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Frame types.
const (
	FrameMethod    = 1
	FrameHeader    = 2
	FrameBody      = 3
	FrameHeartbeat = 8
)

// FrameOverhead is what a frame takes beside its payload: type, channel and
// size before it, the end octet after it.
const FrameOverhead = frameHeader + 1

const (
	frameHeader = 7
	frameEnd    = 0xCE
)

// A FrameError reports that the bytes are not a valid frame. Its text is RabbitMQ's.
type FrameError struct {
	Type   byte
	Octets []byte // the payload, if it is known
	Fault  string
}

// Error returns the text with which RabbitMQ replies.
func (e *FrameError) Error() string {
	return Excerpt(e.Type, e.Octets) + ": " + e.Fault
}

// A Frame is one frame off the wire.
type Frame struct {
	Type    byte
	Channel uint16
	Payload []byte // valid until the next call of Reader.Next
}

// Check refuses a frame of an unknown type or of a size that its type cannot
// have.
func (f Frame) Check() error {
	n, ok := len(f.Payload), false
	switch f.Type {
	case FrameMethod:
		ok = n >= methodIDSize
	case FrameHeader:
		ok = n >= contentHeaderSize
	case FrameBody:
		ok = true
	case FrameHeartbeat:
		ok = n == 0
	}
	if !ok {
		return &FrameError{Type: f.Type, Octets: f.Payload, Fault: "unknown_frame"}
	}
	return nil
}

const (
	methodIDSize      = 4
	contentHeaderSize = 12 // class, weight and body size, before the properties
)

// A Reader cuts a byte stream into frames. It reads ahead as much as there is,
// so many small frames cost one system call.
type Reader struct {
	src        io.Reader
	buf        []byte
	start, end int // buf[start:end] is read but not yet handed out
	max        int // largest payload, in bytes
}

// readAhead is the size of the buffer an idle reader holds.
const readAhead = 16 << 10

// NewReader returns a reader that refuses frames whose payload has more than
// maxFrame bytes. That is as lenient as RabbitMQ: strictly the limit is for the
// whole frame.
func NewReader(src io.Reader, maxFrame int) *Reader {
	return &Reader{src: src, buf: make([]byte, readAhead), max: maxFrame}
}

// SetMax changes the frame limit after it was negotiated.
func (r *Reader) SetMax(maxFrame int) { r.max = maxFrame }

// Next returns the next frame. It returns io.EOF when the stream ends between
// two frames, io.ErrUnexpectedEOF when it ends inside one, and a
// [*FrameError] for bytes that are not a frame.
func (r *Reader) Next() (Frame, error) {
	if err := r.fill(frameHeader); err != nil {
		return Frame{}, err
	}
	head := r.buf[r.start:]
	size := binary.BigEndian.Uint32(head[3:])
	if uint64(size) > uint64(r.max) {
		return Frame{}, &FrameError{Type: head[0], Fault: fmt.Sprintf("{frame_too_large,%d,%d}", size, r.max-FrameOverhead)}
	}
	total := int(size) + FrameOverhead
	if err := r.fill(total); err != nil {
		return Frame{}, noEOF(err)
	}
	b := r.buf[r.start : r.start+total]
	if b[total-1] != frameEnd {
		return Frame{}, &FrameError{
			Type: b[0], Octets: b[frameHeader : total-1], Fault: fmt.Sprintf("{invalid_frame_end_marker,%d}", b[total-1]),
		}
	}
	r.start += total
	return Frame{
		Type:    b[0],
		Channel: binary.BigEndian.Uint16(b[1:]),
		Payload: b[frameHeader : total-1 : total-1],
	}, nil
}

// Raw reads n bytes that are not a frame: the protocol header.
func (r *Reader) Raw(n int) ([]byte, error) {
	if err := r.fill(n); err != nil {
		return nil, err
	}
	r.start += n
	return r.buf[r.start-n : r.start], nil
}

// Ready reports whether a whole frame is buffered, so that Next does not wait.
func (r *Reader) Ready() bool {
	b := r.buf[r.start:r.end]
	return len(b) >= frameHeader &&
		uint64(len(b)) >= uint64(binary.BigEndian.Uint32(b[3:]))+FrameOverhead
}

// fill reads until n bytes are at hand.
func (r *Reader) fill(n int) error {
	if r.end-r.start >= n {
		return nil
	}
	r.makeRoom(n)
	got, err := io.ReadAtLeast(r.src, r.buf[r.end:], n-(r.end-r.start))
	r.end += got
	if r.end > r.start {
		err = noEOF(err)
	}
	return err
}

// makeRoom moves what is unread to the front and sizes the buffer so that n
// bytes fit. One large frame does not keep its buffer for ever.
func (r *Reader) makeRoom(n int) {
	unread := r.buf[r.start:r.end]
	want := max(n, readAhead)
	if want > len(r.buf) || (want == readAhead && len(r.buf) > readAhead && len(unread) <= readAhead) {
		r.buf = make([]byte, want)
	}
	r.start, r.end = 0, copy(r.buf, unread)
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A MethodWriter writes methods. It exists to be used again: writing a method
// with it takes no memory but the buffer's.
type MethodWriter struct {
	Edition Edition // of the client

	c coder
}

// Append writes a whole method frame.
func (w *MethodWriter) Append(dst []byte, channel uint16, m Method) []byte {
	dst, start := openFrame(dst, FrameMethod, channel)
	w.c = coder{encoding: true, edition: w.Edition, buf: binary.BigEndian.AppendUint32(dst, uint32(w.Edition.wire(m.ID())))}
	m.fields(&w.c)
	dst = closeFrame(w.c.buf, start)
	w.c.buf = nil
	return dst
}

// AppendMethod writes a whole method frame.
func AppendMethod(dst []byte, channel uint16, m Method) []byte {
	return new(MethodWriter).Append(dst, channel, m)
}

// AppendContent writes a content header frame and the body frames, none of
// them larger than maxFrame bytes. props is the encoded form of [Properties].
func AppendContent(dst []byte, channel uint16, props, body []byte, maxFrame int) []byte {
	dst, start := openFrame(dst, FrameHeader, channel)
	dst = binary.BigEndian.AppendUint32(dst, ClassBasic<<16) // and the weight, always 0
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(body)))
	dst = closeFrame(append(dst, props...), start)
	for len(body) > 0 {
		n := min(len(body), maxFrame-FrameOverhead)
		dst, start = openFrame(dst, FrameBody, channel)
		dst = closeFrame(append(dst, body[:n]...), start)
		body = body[n:]
	}
	return dst
}

// AppendHeartbeat writes a heartbeat frame.
func AppendHeartbeat(dst []byte) []byte {
	dst, start := openFrame(dst, FrameHeartbeat, 0)
	return closeFrame(dst, start)
}

func openFrame(dst []byte, kind byte, channel uint16) (out []byte, start int) {
	start = len(dst)
	return append(dst, kind, byte(channel>>8), byte(channel), 0, 0, 0, 0), start
}

func closeFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start+3:], uint32(len(dst)-start-frameHeader))
	return append(dst, frameEnd)
}

// A ContentHeader announces a message's body.
type ContentHeader struct {
	Class    uint16
	Weight   uint16 // 0; nothing else ever got a meaning
	BodySize uint64
	Props    []byte // encoded [Properties], a view of the frame
}

// ParseContentHeader reads the payload of a header frame.
func ParseContentHeader(payload []byte) (ContentHeader, error) {
	var h ContentHeader
	c := coder{buf: payload}
	c.short(&h.Class)
	c.short(&h.Weight)
	c.longlong(&h.BodySize)
	h.Props = c.buf
	return h, c.err
}
