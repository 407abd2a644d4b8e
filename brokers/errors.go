package brokers

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// UnreachableError says which broker cannot be used: it did not answer, or it
// refused the user.
type UnreachableError struct {
	Kind    string // of package kind
	Address string // without user and password
	Refused bool   // it answered, but refused the user, the password or the vhost
	Start   string // a command that would start it; empty for another machine's
	Err     error
}

func unreachable(k, url string, err error) *UnreachableError {
	e := &UnreachableError{Kind: k, Address: Redacted(url), Refused: isRefusal(err), Err: err}
	if !e.Refused {
		e.Start = startCommand(k, url)
	}
	return e
}

func (e *UnreachableError) Error() string {
	switch {
	case e.Refused:
		return fmt.Sprintf("%s at %s: authentication failed (%v)", Name(e.Kind), e.Address, e.Err)
	case e.Start == "":
		return fmt.Sprintf("%s at %s does not answer (%v)", Name(e.Kind), e.Address, e.Err)
	}
	return fmt.Sprintf("%s at %s does not answer (%v); start it with: %s", Name(e.Kind), e.Address, e.Err, e.Start)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// URLError reports an invalid broker URL.
type URLError struct {
	Kind    string // of package kind
	Value   string // without a password
	Allowed string
	Err     error
}

func (e *URLError) Error() string {
	return fmt.Sprintf("the address of %s: %q is not allowed (%s)", Name(e.Kind), e.Value, e.Allowed)
}

func (e *URLError) Unwrap() error { return e.Err }

// startCommand returns the command that starts a broker at url, or nothing where
// url is on another machine.
func startCommand(k, rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Host != "" {
		rawURL = u.Host
	}
	host, _, err := net.SplitHostPort(rawURL)
	if err != nil {
		host = rawURL
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return types[k].start
	}
	return ""
}

// Redacted returns a broker's address for people: no user, no password, and
// nothing behind the host, where a client's parameters are.
func Redacted(address string) string {
	scheme, rest, hasScheme := strings.Cut(address, "://")
	if !hasScheme {
		scheme, rest = "", address
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.IndexAny(rest, "/#"); i > 0 { // else it is the path of a socket
		rest = rest[:i]
	}
	if hasScheme {
		return scheme + "://" + rest
	}
	return rest
}

// plainCause returns the innermost network error, which says in two words
// what happened ("connection refused") instead of repeating the address.
func plainCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
