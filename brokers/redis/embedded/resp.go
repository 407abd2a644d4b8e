package embedded

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of a request, as Redis has them.
const (
	maxInline = 64 << 10
	maxArgs   = 1 << 20
	maxBulk   = 512 << 20
)

// protocolError is a request that is not RESP. The connection is closed after it.
type protocolError string

func (e protocolError) Error() string { return "Protocol error: " + string(e) }

// readRequest returns the words of one command, inline or as an array of bulk
// strings. Empty requests are skipped.
func readRequest(r *bufio.Reader) ([]string, error) {
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(line, "*") {
			if words := strings.Fields(line); len(words) > 0 {
				return unquoted(words, line)
			}
			continue
		}
		n, err := strconv.Atoi(line[1:])
		if err != nil || n > maxArgs {
			return nil, protocolError("invalid multibulk length")
		}
		if n > 0 {
			return readWords(r, n)
		}
	}
}

// unquoted returns the words of an inline command; only where one is quoted is
// the line read letter by letter.
func unquoted(words []string, line string) ([]string, error) {
	if !strings.ContainsAny(line, `"'`) {
		return words, nil
	}
	words, ok := splitQuoted(line)
	if !ok {
		return nil, protocolError("unbalanced quotes in request")
	}
	return words, nil
}

func readWords(r *bufio.Reader, n int) ([]string, error) {
	words := make([]string, 0, min(n, 64))
	for range n {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(line, "$") {
			return nil, protocolError(fmt.Sprintf("expected '$', got '%.1s'", line))
		}
		size, err := strconv.Atoi(line[1:])
		if err != nil || size < 0 || size > maxBulk {
			return nil, protocolError("invalid bulk length")
		}
		word, err := readBulk(r, size)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

// readBulk reads size bytes and the line's end. It allocates as bytes arrive, so
// a client that only announces much costs nothing.
func readBulk(r *bufio.Reader, size int) (string, error) {
	var b strings.Builder
	b.Grow(min(size, 64<<10))
	if _, err := io.CopyN(&b, r, int64(size)); err != nil {
		return "", err
	}
	_, err := r.Discard(2)
	return b.String(), err
}

// readLine returns a line without its end.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		case len(line) > maxInline:
			return "", protocolError("too big inline request")
		}
	}
}

// splitQuoted splits an inline command as Redis does: "double" quotes know
// escapes, 'single' ones only \'.
func splitQuoted(line string) (words []string, ok bool) {
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return words, true
		}
		word, rest, ok := firstWord(line)
		if !ok {
			return nil, false
		}
		words, line = append(words, word), rest
	}
}

func firstWord(line string) (word, rest string, ok bool) {
	var b strings.Builder
	var quote byte // 0: outside of quotes
	for i := 0; i < len(line); i++ {
		letter := line[i]
		switch {
		case quote == 0 && (letter == ' ' || letter == '\t'):
			return b.String(), line[i:], true
		case quote == 0 && (letter == '"' || letter == '\''):
			quote = letter
		case quote != 0 && letter == quote:
			rest = line[i+1:]
			return b.String(), rest, rest == "" || rest[0] == ' ' || rest[0] == '\t'
		case quote != 0 && letter == '\\' && i+1 < len(line) && (quote == '"' || line[i+1] == '\''):
			c, used := unescape(line[i+1:], quote)
			b.WriteByte(c)
			i += used
		default:
			b.WriteByte(letter)
		}
	}
	return b.String(), "", quote == 0
}

// unescape returns the byte behind a backslash and how many letters name it.
func unescape(s string, quote byte) (c byte, used int) {
	if quote == '"' && s[0] == 'x' && len(s) >= 3 {
		if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return byte(n), 3
		}
	}
	if i := strings.IndexByte("nrtba", s[0]); quote == '"' && i >= 0 {
		return "\n\r\t\b\a"[i], 1
	}
	return s[0], 1
}

// value is one reply. Its kind is RESP's type byte; a map holds keys and values
// in turn.
type value struct {
	kind  byte
	text  string
	items []value
}

// Kinds of replies. RESP2 has only the first five, and writes the others as these.
const (
	simple   = '+'
	failure  = '-'
	integer  = ':'
	bulk     = '$'
	array    = '*'
	null     = '_'
	nullList = 'N' // no RESP type: RESP2 has a separate null for arrays
	double   = ','
	verbatim = '='
	mapping  = '%'
	set      = '~'
	push     = '>'
)

var (
	ok      = value{kind: simple, text: "OK"}
	nothing = value{kind: null}
)

func errorf(format string, args ...any) value {
	return value{kind: failure, text: fmt.Sprintf(format, args...)}
}

func number(n int64) value { return value{kind: integer, text: strconv.FormatInt(n, 10)} }

func text(s string) value { return value{kind: bulk, text: s} }

func list(items ...value) value { return value{kind: array, items: items} }

func texts(all ...string) value {
	v := list()
	for _, s := range all {
		v.items = append(v.items, text(s))
	}
	return v
}

// pairs makes a map of keys and values in turn.
func pairs(items ...value) value { return value{kind: mapping, items: items} }

// int returns the number of an integer reply.
func (v value) int() (n int64, ok bool) {
	if v.kind != integer {
		return 0, false
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	return n, err == nil
}

// readReply reads one reply of either protocol.
func readReply(r *bufio.Reader) (value, error) {
	line, err := readLine(r)
	if err != nil {
		return value{}, err
	}
	if line == "" {
		return value{}, protocolError("empty reply")
	}
	v := value{kind: line[0], text: line[1:]}
	switch v.kind {
	case simple, failure, integer, double, null, '#', '(':
		return v, nil
	case bulk, verbatim:
		return v.withBulk(r)
	case array, set, push, mapping:
		return v.withItems(r)
	}
	return value{}, protocolError("unknown reply type " + strconv.Quote(line[:1]))
}

func (v value) withBulk(r *bufio.Reader) (value, error) {
	n, err := strconv.Atoi(v.text)
	if err != nil {
		return value{}, err
	}
	if n < 0 {
		return nothing, nil
	}
	v.text, err = readBulk(r, n)
	return v, err
}

func (v value) withItems(r *bufio.Reader) (value, error) {
	n, err := strconv.Atoi(v.text)
	if err != nil {
		return value{}, err
	}
	if n < 0 {
		return value{kind: nullList}, nil
	}
	if v.kind == mapping {
		n *= 2
	}
	v.text, v.items = "", make([]value, n)
	for i := range v.items {
		if v.items[i], err = readReply(r); err != nil {
			return value{}, err
		}
	}
	return v, nil
}

// append writes a reply for the given version of the protocol.
func (v value) append(b []byte, resp3 bool) []byte {
	if !resp3 {
		v = v.inRESP2()
	}
	switch v.kind {
	case nullList:
		if resp3 {
			return append(b, "_\r\n"...)
		}
		return append(b, "*-1\r\n"...)
	case null:
		if resp3 {
			return append(b, "_\r\n"...)
		}
		return append(b, "$-1\r\n"...)
	case bulk, verbatim:
		return fmt.Appendf(b, "%c%d\r\n%s\r\n", v.kind, len(v.text), v.text)
	case array, set, push, mapping:
		n := len(v.items)
		if v.kind == mapping {
			n /= 2
		}
		b = fmt.Appendf(b, "%c%d\r\n", v.kind, n)
		for _, item := range v.items {
			b = item.append(b, resp3)
		}
		return b
	}
	return fmt.Appendf(b, "%c%s\r\n", v.kind, oneLine.Replace(v.text))
}

var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// inRESP2 returns what RESP2 writes instead of the types that it does not have.
func (v value) inRESP2() value {
	switch v.kind {
	case mapping, set, push:
		v.kind = array
	case double:
		v.kind = bulk
	case verbatim:
		v.kind, v.text = bulk, v.text[min(4, len(v.text)):]
	case '#':
		v = number(int64(strings.Count(v.text, "t")))
	}
	return v
}
