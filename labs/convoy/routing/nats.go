package routing

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
)

// Subjects routes as the partition function of NATS's subject mapping, such as
// orders.{{partition(3,1)}}, whose key is one token of the subject: FNV-1a, 32 bits,
// modulo the number of partitions. (nats-server, getHashPartition)
type Subjects int

// Route implements Router.
func (s Subjects) Route(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key)) // never fails
	return int(h.Sum32() % uint32(s))
}

// CheckToken returns nil if a key can be a token of a subject of NATS. Spaces and the like
// end a subject in the protocol, a dot ends the token, and * and > stand for any others.
// The last two are refused also within a longer token, which the server would take, but
// which its documentation advises against.
func CheckToken(key string) error {
	bad := strings.IndexFunc(key, func(r rune) bool { return strings.ContainsRune(".*>", r) || unicode.IsSpace(r) || unicode.IsControl(r) })
	switch {
	case key == "":
		return errors.New("an empty key")
	case bad >= 0:
		return fmt.Errorf("a key with %q", []rune(key[bad:])[0])
	}
	return nil
}
