package sshd

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"
)

// addressPatterns is the pattern list of a from= option: addresses with
// wildcards, or networks; see PATTERNS in ssh_config(5).
type addressPatterns []addressPattern

type addressPattern struct {
	negated bool
	network netip.Prefix // where it is valid, else
	glob    string       // with * and ?
}

// parseAddressPatterns reads patterns separated by commas. Host names are
// refused: addresses are not resolved to names.
func parseAddressPatterns(list string) (patterns addressPatterns, err error) {
	for text := range strings.SplitSeq(list, ",") {
		p := addressPattern{}
		text, p.negated = strings.CutPrefix(strings.TrimSpace(text), "!")
		switch {
		case text == "":
			return nil, errors.New("from: empty pattern")
		case strings.Contains(text, "/"):
			if p.network, err = netip.ParsePrefix(text); err != nil {
				return nil, fmt.Errorf("from: %q is not a network", clean(text, maxName))
			}
		case strings.Trim(strings.ToLower(text), "0123456789abcdef.:*?") != "":
			return nil, fmt.Errorf("from: %q: only addresses are supported, not host names", clean(text, maxName))
		default:
			p.glob = strings.ToLower(text)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// match reports whether a pattern matches and no negated one does.
func (list addressPatterns) match(addr netip.Addr) (matched bool) {
	for _, p := range list {
		if !p.match(addr) {
			continue
		}
		if p.negated {
			return false
		}
		matched = true
	}
	return matched
}

func (p addressPattern) match(addr netip.Addr) bool {
	if p.network.IsValid() {
		return p.network.Contains(addr)
	}
	ok, err := path.Match(p.glob, addr.String())
	return ok && err == nil
}
