// Package textfile reads the text files that people write: configuration,
// progress, public keys, keys to route. It takes what editors on any system
// write (a byte order mark, CRLF) and refuses what is not UTF-8 text, naming the
// encoding. Every wait, such as for a pipe that has no writer, ends
// with a context.
package textfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"unicode/utf8"
)

// MaxSize is the most that Read takes, in bytes.
const MaxSize = 16 << 20

// MaxLine is the longest line that Lines takes, in bytes.
const MaxLine = 1 << 20

// EncodingError reports text that is not UTF-8.
type EncodingError struct {
	Encoding string // "UTF-16", "UTF-32"; empty: no text at all
	Line     int    // where it was found, from 1
}

func (e *EncodingError) Error() string {
	if e.Encoding == "" {
		return fmt.Sprintf("line %d is no UTF-8 text", e.Line)
	}
	return "the text is in " + e.Encoding + "; save it as UTF-8"
}

// utf8Mark is the byte order mark that some editors put before UTF-8.
const utf8Mark = "\xef\xbb\xbf"

// Decode returns the text in data: without a byte order mark, and with lines
// that end in \n. The error is an *EncodingError.
func Decode(data []byte) (string, error) {
	if err := checkMark(data); err != nil {
		return "", err
	}
	var text strings.Builder
	n := 1
	for line := range strings.Lines(strings.TrimPrefix(string(data), utf8Mark)) {
		if !isText(line) {
			return "", &EncodingError{Line: n}
		}
		text.WriteString(withoutEnd(line))
		if strings.HasSuffix(line, "\n") {
			text.WriteByte('\n')
		}
		n++
	}
	return text.String(), nil
}

// withoutEnd returns a line without its end: \n, \r\n, or \r\r\n, as a file has
// that was converted twice.
func withoutEnd(line string) string { return strings.TrimRight(strings.TrimSuffix(line, "\n"), "\r") }

// checkMark refuses the byte order marks of other encodings.
func checkMark(start []byte) error {
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(start, []byte("\x00\x00\xfe\xff")):
		return &EncodingError{Encoding: "UTF-32", Line: 1}
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return &EncodingError{Encoding: "UTF-16", Line: 1}
	}
	return nil
}

// isText reports whether s is UTF-8 without NUL, which no text file holds and
// every second byte of UTF-16 without a mark is.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Read returns the text of a file. The error names the path.
func Read(ctx context.Context, path string) (string, error) {
	data, err := readAll(ctx, path)
	if err != nil {
		return "", err
	}
	text, err := Decode(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

// readAll reads a file of at most MaxSize. Opening a named pipe waits for a
// writer and cannot be cancelled, so it runs in a goroutine.
func readAll(ctx context.Context, path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > MaxSize {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, MaxSize)
	}
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(path)
		if err != nil {
			done <- result{err: err}
			return
		}
		data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
		done <- result{data, errors.Join(err, f.Close())}
	}()
	select {
	case r := <-done:
		if len(r.data) > MaxSize {
			return nil, fmt.Errorf("%s: larger than %d bytes", path, MaxSize)
		}
		return r.data, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", path, ctx.Err())
	}
}

// Lines returns the lines of r without their ends. An error, which comes last,
// is an *EncodingError, a read error, or about a line longer than MaxLine.
func Lines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := bufio.NewReader(r)
		for n := 1; ; n++ {
			line, err := readLine(in)
			if n == 1 {
				if bad := checkMark([]byte(line)); bad != nil {
					yield("", bad)
					return
				}
				line = strings.TrimPrefix(line, utf8Mark)
			}
			if !isText(line) {
				yield("", &EncodingError{Line: n})
				return
			}
			atEnd := errors.Is(err, io.EOF)
			if err != nil && !atEnd {
				yield("", fmt.Errorf("line %d: %w", n, err))
				return
			}
			line = withoutEnd(line)
			if atEnd && line == "" || !yield(line, nil) || atEnd {
				return
			}
		}
	}
}

var errLongLine = fmt.Errorf("longer than %d bytes", MaxLine)

// readLine reads up to the next \n, which it includes.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > MaxLine {
			return "", errLongLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return string(line), err
		}
	}
}

// Reader returns r, whose Read returns ctx's error when ctx ends. A read in
// progress then continues in the background, and what it reads is lost.
func Reader(ctx context.Context, r io.Reader) io.Reader {
	return &contextReader{ctx: ctx, r: r}
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// chunk is how much a read takes at most.
const chunk = 4096

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	type result struct {
		n   int
		err error
	}
	buf := make([]byte, min(len(p), chunk))
	done := make(chan result, 1)
	go func() {
		n, err := c.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, buf[:r.n]), r.err
	case <-c.ctx.Done():
		return 0, c.ctx.Err()
	}
}
