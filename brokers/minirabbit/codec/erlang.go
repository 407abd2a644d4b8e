package codec

import (
	"fmt"
	"strings"
)

// Erlang writes bytes the way RabbitMQ shows them in error texts: as text where
// that is possible.
func Erlang(b []byte) string {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return erlangNumbers(b)
		}
	}
	if len(b) == 0 {
		return "<<>>"
	}
	return fmt.Sprintf("<<%q>>", b[:min(len(b), mostShown)])
}

// mostShown bytes fill an error text, which has room for 255.
const mostShown = 200

func erlangNumbers(b []byte) string {
	b = b[:min(len(b), mostShown)]
	numbers := make([]string, len(b))
	for i, c := range b {
		numbers[i] = fmt.Sprint(c)
	}
	return "<<" + strings.Join(numbers, ",") + ">>"
}
