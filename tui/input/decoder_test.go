package input

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// start is any moment.
var start = time.Unix(1_700_000_000, 0)

// tokens feeds each read 100 ms after the one before and returns what came out
// of all of them, with what is left unfinished at the end.
func tokens(reads ...string) (out []string) {
	var d Decoder
	now := start
	for _, r := range reads {
		d.Feed([]byte(r), now)
		now = now.Add(100 * time.Millisecond)
	}
	d.Expire()
	for token := d.Next(); token != nil; token = d.Next() {
		out = append(out, string(token))
	}
	return out
}

func TestTokens(t *testing.T) {
	const begin, end = "\x1b[200~", "\x1b[201~"
	for _, tc := range []struct {
		name  string
		reads []string
		want  []string
	}{
		{"a key", []string{"q"}, []string{"q"}},
		{"keys of a slow line", []string{"jjl"}, []string{"jjl"}},
		{"a held key", []string{strings.Repeat("j", 20)}, []string{strings.Repeat("j", 20)}},
		{"held arrows", []string{"\x1b[B\x1b[B\x1b[B"}, []string{"\x1b[B", "\x1b[B", "\x1b[B"}},
		{"an arrow in two reads", []string{"\x1b[", "B"}, []string{"\x1b[B"}},
		{"escape", []string{"\x1b", "j"}, []string{"\x1b", "j"}},
		{"escape twice", []string{"\x1b\x1b"}, []string{"\x1b", "\x1b"}},
		{"alt", []string{"\x1bb\x1b\x7f"}, []string{"\x1bb", "\x1b\x7f"}},
		{"control keys", []string{"\t\x15\x7f\r"}, []string{"\t", "\x15", "\x7f", "\r"}},
		{"application cursor keys", []string{"\x1bOA\x1bOP"}, []string{"\x1bOA"}},
		{"modifiers", []string{"\x1b[1;5C\x1b[Z\x1b[5~\x1b[6;2~"}, []string{"\x1b[1;5C", "\x1b[Z", "\x1b[5~", "\x1b[6;2~"}},
		{"function keys", []string{"\x1b[15~\x1b[[A\x1bOP"}, nil},
		{"a letter in two reads", []string{"\xc3", "\xb1"}, []string{"ñ"}},
		{"mouse", []string{"\x1b[<64;10;5M\x1b[M !!"}, []string{"\x1b[<64;10;5M", "\x1b[M !!"}},
		{"a marked paste", []string{begin + "Rq\r\x1b]0;x\a" + end}, []string{begin + "Rq ]0;x" + end}},
		{"an empty paste", []string{begin + end}, []string{begin + end}},
		{"a paste in two reads", []string{begin + "Rq\x1b[2", "01~a"}, []string{begin + "Rq" + end, "a"}},
		{"a paste without end", []string{begin + "Rq"}, []string{begin + "Rq" + end}},
		{"an unmarked paste", []string{"Rqy\rf\r"}, []string{begin + "Rqy f " + end}},
		{"ctrl+c in a paste", []string{begin + "abc\x03"}, []string{"\x03"}},
		{"ctrl+c after keys", []string{"\x1b[A\x1b[B\x03\x03j"}, []string{"\x03", "j"}},
		{"ctrl+c in a string", []string{"\x1b]11;\x03"}, []string{"\x03"}},
		{"colour", []string{"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b]10;rgb:1/2/3\a"}, nil},
		{"colour in three reads", []string{"\x1b]11;rgb:0", "000/b/a\x1b", "\\"}, nil},
		{"version", []string{"\x1bP>|xterm(388)\x1b\\"}, nil},
		{"attributes", []string{"\x1b[?62;c\x1b[>41;388;0c"}, nil},
		{"cursor", []string{"\x1b[24;80R\x1b[1;2R"}, nil},
		{"focus", []string{"\x1b[I\x1b[O"}, nil},
		{"kitty", []string{"\x1b_Gi=1;OK\x1b\\\x1b[?0u"}, nil},
		{"mode report", []string{"\x1b[?2026;2$y"}, nil},
		{"8-bit", []string{"\x9b24;80R\x9d11;rgb:0/0/b\x07\x90q\x9c\x18"}, nil},
		{"a string that is never finished", []string{"\x1b]11;a", "", "", "", "", "", "", "", "", "", "", "j"}, nil},
		{"an aborted string", []string{"\x1b]11;rgb\x18j"}, []string{"j"}},
	} {
		if got := tokens(tc.reads...); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestAnUnfinishedStringDoesNotSwallowWhatIsTypedLater(t *testing.T) {
	var d Decoder
	d.Feed([]byte("\x1b]11;rgb"), start)
	d.Feed([]byte("j"), start.Add(2*stringWait))
	if got := d.Next(); string(got) != "j" {
		t.Errorf("%q", got)
	}
}

func TestAnUnmarkedPasteGoesOnInTheNextReads(t *testing.T) {
	var d Decoder
	for i, read := range []string{"En un lugar de la Mancha", "R", "q"} {
		d.Feed([]byte(read), start.Add(time.Duration(i)*10*time.Millisecond))
	}
	d.Feed([]byte("j"), start.Add(time.Second))
	var last []byte
	for token := d.Next(); token != nil; token = d.Next() {
		if last = token; string(token) != "j" && !bytes.HasPrefix(token, pasteBegin) {
			t.Errorf("%q is a key", token)
		}
	}
	if string(last) != "j" {
		t.Errorf("the last token is %q", last)
	}
}

func TestFloodsAreDroppedAndCtrlCPasses(t *testing.T) {
	flood := strings.Repeat("\x1b[A", 7000)
	var d Decoder
	d.Feed([]byte(flood), start)
	n := 0
	for token := d.Next(); token != nil; token = d.Next() {
		n++
	}
	if n != keysAtOnce {
		t.Errorf("%d keys of a flood pass", n)
	}
	d.Feed([]byte(flood), start.Add(time.Second))
	d.Feed([]byte("\x03"), start.Add(time.Second))
	if got := d.Next(); string(got) != "\x03" || d.Next() != nil {
		t.Errorf("the first token is %q although ctrl+c was pressed", got)
	}
	d.Feed([]byte("\x1b[A"), start.Add(2*time.Second))
	if got := d.Next(); got == nil {
		t.Error("no key passes after the flood")
	}
}

func TestLongPastesAreCut(t *testing.T) {
	long := strings.Repeat("ñ", 10_000)
	for _, in := range []string{long, "\x1b[200~" + long + "\x1b[201~"} {
		got := tokens(in)
		if len(got) != 1 || len(got[0]) > pasteMost+len(pasteBegin)+len(pasteEnd) || !strings.Contains(got[0], "ñññ\x1b[201~") {
			t.Errorf("%d tokens: %.300q", len(got), got)
		}
	}
}

// No control string ever becomes a key, wherever it is split into reads.
func FuzzControlStrings(f *testing.F) {
	f.Add(uint8(0), []byte("11;rgb:0000/0000/0000"), uint16(5), uint16(9))
	f.Add(uint8(1), []byte(">|xterm(388)"), uint16(1), uint16(2))
	f.Add(uint8(5), []byte("24;80"), uint16(3), uint16(3))
	f.Fuzz(func(t *testing.T, kind uint8, body []byte, cut1, cut2 uint16) {
		s := controlString(kind, body)
		a, b := int(cut1)%(len(s)+1), int(cut2)%(len(s)+1)
		a, b = min(a, b), max(a, b)
		var d Decoder
		for i, read := range [][]byte{s[:a], s[a:b], s[b:]} {
			d.Feed(read, start.Add(time.Duration(i)*escapeWait/2))
		}
		if got := d.Next(); got != nil {
			t.Errorf("%q becomes %q", s, got)
		}
		if d.state != ground {
			t.Errorf("%q leaves state %d", s, d.state)
		}
	})
}

// controlString returns a complete control string of a kind.
func controlString(kind uint8, body []byte) []byte {
	in := func(from, to byte) []byte {
		return bytes.Map(func(r rune) rune { return rune(from) + r%rune(to-from+1) }, bytes.ToValidUTF8(body, nil))
	}
	switch kind % 8 {
	case 0, 1, 2, 3, 4: // strings of any text
		text := bytes.Map(func(r rune) rune {
			if r < 0x20 || r == 0x7f {
				return 'R'
			}
			return r
		}, bytes.ToValidUTF8(body, nil))
		intro := []string{"\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX"}[kind%8]
		return []byte(intro + string(text) + "\x1b\\")
	case 5: // reports with parameters
		finals := "RcnytuxIOESTPQ@"
		return append(append([]byte("\x1b["), in('0', ';')...), finals[len(body)%len(finals)])
	case 6: // private reports
		return append(append([]byte("\x1b[?"), in('0', ';')...), "cuhlny"[len(body)%6])
	default: // with intermediate bytes
		return append(append([]byte("\x1b[?"), in('0', ';')...), "$y"...)
	}
}

// Whatever comes in, tokens are whole and ctrl+c passes.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("jj\x1b[A\x1b]11;x\x07\x1b[200~Rq\x1b[201~\xc3\xb1\x03"), uint16(7))
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		at := int(cut) % (len(in) + 1)
		var d Decoder
		d.Feed(in[:at], start)
		d.Feed(in[at:], start.Add(time.Millisecond))
		d.Expire()
		quits := false
		for token := d.Next(); token != nil; token = d.Next() {
			quits = quits || token[0] == ctrlC
			checkToken(t, in, token)
		}
		if quits != bytes.ContainsRune(in, ctrlC) {
			t.Errorf("%q: ctrl+c passes: %t", in, quits)
		}
	})
}

// checkToken fails unless the token is one that Bubble Tea reads as one message
// or as a few text keys.
func checkToken(t *testing.T, in, token []byte) {
	t.Helper()
	switch {
	case len(token) == 1:
	case bytes.HasPrefix(token, pasteBegin):
		if bytes.Count(token, []byte{escape}) != 2 || len(token) > pasteMost+12 {
			t.Errorf("%q: paste %q", in, token)
		}
	case token[0] == escape:
		key := len(token) == 2 || token[1] == 'O' && arrow(token[2]) || token[1] == '[' && (token[2] == 'M' || isKey(token[2:]))
		if !key {
			t.Errorf("%q: sequence %q", in, token)
		}
	case bytes.ContainsRune(token, escape):
		t.Errorf("%q: text %q", in, token)
	}
}
