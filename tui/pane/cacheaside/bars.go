package cacheaside

import (
	"strconv"
	"time"

	engine "resilab/labs/cacheaside"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/lab"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Columns of a product's row beside its bar: what is left, and the price.
const (
	leftWidth  = 8
	priceWidth = 12
	wideFrom   = 56 // cells from which the price is shown
)

// nameWidth is the column of names and labels at the left.
func (p *painter) nameWidth() int {
	w := 8
	for _, product := range p.detail.Products {
		w = max(w, widget.Width(product.Name)+1)
	}
	for _, label := range []string{"hit", "miss", "ratio", "loads"} {
		w = max(w, widget.Width(p.t(label))+1)
	}
	return min(w, max(8, p.W/3))
}

func (p *painter) barWidth() int {
	return max(0, p.W-p.nameWidth()-leftWidth-p.asideWidth())
}

// asideWidth is the column of prices, and below it of how many hits and misses
// there were; 0 where there is no room for it.
func (p *painter) asideWidth() int {
	if p.W < wideFrom {
		return 0
	}
	return max(priceWidth, widget.Width(p.hits())+2, widget.Width(p.misses())+2, widget.Width(p.t("old-price", "$1999.99"))+2)
}

func (p *painter) hits() string { return strconv.FormatInt(p.detail.Hit.N, 10) + " " + p.t("hits") }
func (p *painter) misses() string {
	return strconv.FormatInt(p.detail.Miss.N, 10) + " " + p.t("misses")
}

func (p *painter) barsHeading() string {
	l := p.line().Cell(p.Theme.Dim, p.t("product"), p.nameWidth())
	l.Put(p.Theme.Dim, p.t("ttl"))
	switch addr := p.detail.HTTPAddr; {
	case !p.detail.Redis.Up:
		aside(l, p.Theme.Bad.Strong(), p.t("unknown"))
	case addr != "":
		aside(l, p.Theme.Dim, p.t("curl", addr), addr)
	case p.detail.Redis.Addr != "":
		aside(l, p.Theme.Dim, "Redis "+p.detail.Redis.Addr, p.detail.Redis.Addr)
	}
	return l.String()
}

// aside writes the first of the texts that fits at the end of the line.
func aside(l *widget.Line, style theme.Style, texts ...string) {
	for _, text := range texts {
		if widget.Width(text)+2 <= l.Left() {
			l.Right(style, text)
			return
		}
	}
}

// bar is one product: its name, the life of its copy, the time left, its price.
func (p *painter) bar(v measure.ProductView) string {
	th := p.Theme
	l, w := p.line(), p.barWidth()
	name := th.Text
	if v.Life == measure.Expired && v.Gone < flashFor && !p.still() {
		name = th.Invert
	}
	l.Cell(name, v.Name, p.nameWidth()-1).Gap(1)
	left := ""
	switch {
	case v.Life == measure.Unknown:
		l.Fill(th.Rule, th.Glyph.BarEmpty, w)
		left = "?"
	case v.Life == measure.Alive:
		l.TTLBar(v.Left.Seconds(), v.Full.Seconds(), w)
		left = timeLeft(v.Left)
	case v.Loading > 0:
		p.stampede(l, v.Loading, w)
	default:
		p.empty(l, v, w)
	}
	l.RightCell(th.Text.Strong(), left, leftWidth)
	if p.W >= wideFrom {
		p.price(l, v)
	}
	return l.String()
}

// empty is the track of a copy that is not there, with the reason.
func (p *painter) empty(l *widget.Line, v measure.ProductView, w int) {
	th := p.Theme
	words, style := p.t("absent"), th.Dim
	switch {
	case v.Life == measure.Expired && v.Gone < 3*time.Second:
		words, style = p.t("expired"), th.Warn.Strong()
		if by := p.goneBy(v); widget.Width(words)+widget.Width(by)+5 <= w {
			words += " " + th.Glyph.Dot + " " + by
		}
	case v.Life == measure.Deleted && v.Gone < 3*time.Second:
		words, style = p.t("deleted"), th.Warn
	}
	track := widget.NewLine(th, w).Fill(th.Rule, th.Glyph.BarEmpty, 2).Gap(1).Put(style, words).Gap(1)
	track.Fill(th.Rule, th.Glyph.BarEmpty, track.Left())
	l.Drawn(track.String(), w)
}

func (p *painter) goneBy(v measure.ProductView) string {
	if v.Announced {
		return p.t("by-server")
	}
	return p.t("by-poll")
}

// stampede shows the queries under way for one product, each as a mark.
func (p *painter) stampede(l *widget.Line, loads, w int) {
	th := p.Theme
	words := " " + p.t("loading", loads)
	style := th.Accent
	if loads > 1 {
		style = th.Bad
	}
	marks := min(loads, max(0, w-widget.Width(words)))
	l.Fill(style, th.Glyph.ArrowRight, marks).Cell(style.Strong(), words, w-marks)
}

// price is that of the database; where the copy differs, the old price.
func (p *painter) price(l *widget.Line, v measure.ProductView) {
	th := p.Theme
	if v.Stale && v.Life == measure.Alive {
		l.RightCell(th.Warn.Strong(), p.t("old-price", money(v.Copy)), p.asideWidth())
		return
	}
	l.RightCell(th.Dim, money(v.Price), p.asideWidth())
}

// money leaves out cents that are not there: the course writes 1200.
func money(v float64) string {
	return engine.Money(v)
}

// timeLeft is in seconds with one digit after the point, so that a column of them
// rests.
func timeLeft(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// costs are the latencies of hit and miss as bars of one scale, with how many
// of each there were.
func (p *painter) costs() []string {
	hit, miss := p.detail.Hit, p.detail.Miss
	longest := max(hit.P50, miss.P50)
	faster := ""
	if hit.N > 0 && miss.N > 0 && hit.P50 > 0 && miss.P50 > hit.P50 {
		faster = p.t("faster", lab.Number.Write(float64(miss.P50)/float64(hit.P50)))
	}
	return []string{
		p.cost(p.t("hit"), hit, longest, p.hits(), faster, true),
		p.cost(p.t("miss"), miss, longest, p.misses(), "", false),
	}
}

func (p *painter) cost(label string, lat engine.Latency, longest time.Duration, count, note string, good bool) string {
	th := p.Theme
	style := th.Warn
	if good {
		style = th.Good
	}
	l := p.line().Cell(th.Text, label, p.nameWidth())
	if lat.N == 0 {
		return l.Put(th.Dim, "–").String()
	}
	w := p.barWidth()
	bar := min(w, max(1, int(float64(w)*float64(lat.P50)/float64(longest))))
	full := th.Glyph.BarParts[len(th.Glyph.BarParts)-1]
	if bar == 1 {
		full = th.Glyph.BarParts[0]
	}
	l.Fill(style, full, bar)
	if note != "" && widget.Width(note)+2 <= w-bar {
		l.Gap(1).Cell(th.Dim, note, w-bar-1)
	} else {
		l.Gap(w - bar)
	}
	l.RightCell(th.Text.Strong(), latency(lat.P50), leftWidth)
	l.RightCell(th.Dim, count, p.asideWidth())
	return l.String()
}
