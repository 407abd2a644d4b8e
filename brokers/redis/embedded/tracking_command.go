package embedded

import (
	"slices"
	"strings"
)

// track answers CLIENT TRACKING.
func (t *tracking) track(c *session, args []string) value {
	if len(args) == 0 {
		return errorf("ERR wrong number of arguments for 'client|tracking' command")
	}
	m, wrong := parseTracking(args[1:])
	if wrong.kind == failure {
		return wrong
	}
	switch strings.ToUpper(args[0]) {
	case "OFF":
		t.set(c, nil)
		return ok
	case "ON":
	default:
		return errorf("ERR syntax error")
	}
	if wrong := m.fits(t.mode(c)); wrong.kind == failure {
		return wrong
	}
	t.set(c, m)
	return ok
}

func parseTracking(args []string) (*trackingMode, value) {
	m := &trackingMode{}
	for ; len(args) > 0; args = args[1:] {
		switch option := strings.ToUpper(args[0]); {
		case option == "BCAST":
			m.broadcast = true
		case option == "OPTIN":
			m.optIn = true
		case option == "OPTOUT":
			m.optOut = true
		case option == "NOLOOP":
			m.noLoop = true
		case option == "PREFIX" && len(args) > 1:
			m.prefixes = append(m.prefixes, args[1])
			args = args[1:]
		case option == "REDIRECT" && len(args) > 1:
			return nil, errorf("ERR the embedded Redis tells of changes on the same connection only, in RESP3")
		default:
			return nil, errorf("ERR syntax error")
		}
	}
	return m, ok
}

// fits checks a mode against itself and the one that a client has.
func (m *trackingMode) fits(before *trackingMode) value {
	if !m.broadcast && len(m.prefixes) > 0 {
		return errorf("ERR PREFIX option requires BCAST mode to be enabled")
	}
	if before != nil && before.broadcast != m.broadcast {
		return errorf("ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.")
	}
	if m.broadcast && (m.optIn || m.optOut) {
		return errorf("ERR OPTIN and OPTOUT are not compatible with BCAST")
	}
	if m.optIn && m.optOut {
		return errorf("ERR You can't specify both OPTIN mode and OPTOUT mode")
	}
	if before != nil && (before.optIn && m.optOut || before.optOut && m.optIn) {
		return errorf("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.")
	}
	return m.prefixesFit(before)
}

// prefixesFit checks that no prefix contains another one, and adds those that the
// client has.
func (m *trackingMode) prefixesFit(before *trackingMode) value {
	var had []string
	if before != nil {
		had = before.prefixes
	}
	for i, p := range m.prefixes {
		for _, q := range had {
			if p != q && overlap(p, q) {
				return errorf("ERR Prefix '%s' overlaps with an existing prefix '%s'. Prefixes for a single client must not overlap.", p, q)
			}
		}
		for _, q := range m.prefixes[i+1:] {
			if overlap(p, q) {
				return errorf("ERR Prefix '%s' overlaps with another provided prefix '%s'. Prefixes for a single client must not overlap.", p, q)
			}
		}
	}
	m.prefixes = slices.Concat(had, m.prefixes)
	slices.Sort(m.prefixes)
	m.prefixes = slices.Compact(m.prefixes)
	return ok
}

func overlap(p, q string) bool { return strings.HasPrefix(p, q) || strings.HasPrefix(q, p) }

// cacheNext answers CLIENT CACHING.
func (t *tracking) cacheNext(c *session, args []string) value {
	m := t.mode(c)
	if m == nil || !m.optIn && !m.optOut {
		return errorf("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	}
	switch {
	case strings.EqualFold(args[0], "YES") && !m.optIn:
		return errorf("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case strings.EqualFold(args[0], "NO") && !m.optOut:
		return errorf("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	case !strings.EqualFold(args[0], "YES") && !strings.EqualFold(args[0], "NO"):
		return errorf("ERR syntax error")
	}
	m.caching = true
	t.set(c, m)
	return ok
}

// cachedOnce ends the effect of CLIENT CACHING after the command, or the
// transaction, that follows it.
func (t *tracking) cachedOnce(c *session) {
	if m := t.mode(c); m != nil && m.caching {
		m.caching = false
		t.set(c, m)
	}
}

// trackingInfo answers CLIENT TRACKINGINFO.
func (t *tracking) info(c *session) value {
	m := t.mode(c)
	if m == nil {
		return pairs(text("flags"), setOf("off"), text("redirect"), number(-1), text("prefixes"), list())
	}
	flags := []string{"on"}
	for _, f := range []struct {
		set  bool
		name string
	}{{m.broadcast, "bcast"}, {m.optIn, "optin"}, {m.optIn && m.caching, "caching-yes"}, {m.optOut, "optout"},
		{m.optOut && m.caching, "caching-no"}, {m.noLoop, "noloop"}} {
		if f.set {
			flags = append(flags, f.name)
		}
	}
	return pairs(text("flags"), setOf(flags...), text("redirect"), number(0), text("prefixes"), texts(m.prefixes...))
}

func setOf(words ...string) value { return asSet(texts(words...)) }
