package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

//go:embed page.html
var page string

// HTML writes the report as one page that needs nothing else: no script, no
// request to anywhere, and charts as SVG.
func (d *Document) HTML(w io.Writer, book *course.Book, text *i18n.Catalogue) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"t":     func(key string, args ...any) string { return text.T("course."+key, args...) },
		"width": func(b course.Bar) string { return fmt.Sprintf("%.1f", max(1, b.Share*barWidth)) },
		"row":   func(i int) int { return i * barRow },
		"high":  func(n int) int { return n * barRow },
		"cell":  func(f figure, i int) string { return f.Cells[i] },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	return t.Execute(w, map[string]any{
		"Lang": string(text.Lang()), "Heading": d.heading(text), "Cards": d.entries(book, text), "All": d.Cards,
	})
}

// Sizes of a bar chart, in the units of its drawing.
const (
	barWidth = 240
	barRow   = 18
)
