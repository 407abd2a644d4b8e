package cacheaside

import (
	"strconv"

	"resilab/tui/theme"
)

// protection is one line about what bounds the cache and what shields the
// database; no line where there is nothing of the kind.
func (p *painter) protection() []string {
	th, d := p.Theme, p.detail
	l := p.line()
	begun := false
	part := func(style theme.Style, text string) {
		if begun {
			l.Gap(3)
		}
		begun = true
		l.Put(style, text)
	}
	if d.Redis.Breaker {
		part(th.Bad.Strong(), "! "+p.t("breaker"))
	}
	if d.Shed > 0 {
		part(th.Warn, p.t("shed", d.Shed))
	}
	switch m := d.Memory; {
	case m.MostBytes > 0:
		part(th.Text, p.t("memory", megabytes(m.Used), megabytes(m.MostBytes)))
		part(th.Dim, p.t("evicted", m.Evictions))
	case m.Most > 0:
		part(th.Text, p.t("held", m.Copies, m.Most))
		part(th.Dim, p.t("evicted", m.Evictions))
	}
	if !begun {
		return nil
	}
	return []string{l.String()}
}

func megabytes(n int64) string { return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) }
