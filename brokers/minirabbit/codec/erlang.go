package codec

import (
	"fmt"
	"strconv"
	"strings"
)

// ErlangText formats prefix and then bytes as Erlang's io_lib:format does with
// "~p", in which RabbitMQ writes some reply texts: as a string where all bytes
// are printable in Latin-1, and otherwise as numbers, wrapped at 80 columns.
func ErlangText(prefix string, b []byte) string {
	if len(b) == 0 {
		return prefix + "<<>>"
	}
	quoted := []byte{}
	for _, c := range b {
		escaped, printable := erlangChar(c)
		if !printable {
			const lineLength, closing, shortest = 80, 3, 8
			indent := len(prefix) + len("<<")
			return prefix + erlangNumbers(b, max(lineLength-len(prefix)-closing, shortest), "\n"+strings.Repeat(" ", indent))
		}
		quoted = append(quoted, escaped...)
	}
	return prefix + `<<"` + string(quoted) + `">>`
}

// erlangEscapes are the bytes that Erlang writes with a backslash in a string.
var erlangEscapes = map[byte]string{
	'\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`, '"': `\"`, '\\': `\\`,
}

// erlangChar returns how a byte is written in a string, and whether Erlang counts
// it as printable.
func erlangChar(c byte) (text []byte, printable bool) {
	if escaped, ok := erlangEscapes[c]; ok {
		return []byte(escaped), true
	}
	return []byte{c}, c >= ' ' && c <= '~' || c >= 0xa0
}

// erlangNumbers formats bytes as numbers. Before a number that does not fit into
// the width of a line it inserts a line break (pp_binary in OTP's io_lib_pretty).
func erlangNumbers(b []byte, width int, lineBreak string) string {
	left := width
	var text strings.Builder
	text.WriteString("<<")
	for i, c := range b {
		number := strconv.Itoa(int(c))
		if i < len(b)-1 {
			number += ","
		}
		if len(number) > left {
			text.WriteString(lineBreak)
			left = width
		}
		text.WriteString(number)
		left -= len(number)
	}
	return text.String() + ">>"
}

// Excerpt names a frame's type and the start of its payload, as RabbitMQ's reply
// texts do.
func Excerpt(frameType byte, payload []byte) string {
	const most = 16
	octets := "all octets"
	if len(payload) > most {
		octets, payload = fmt.Sprintf("first %d octets", most), payload[:most]
	}
	return ErlangText(fmt.Sprintf("type %d, %s = ", frameType, octets), payload)
}
