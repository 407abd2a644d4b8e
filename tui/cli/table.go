package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// table is two aligned columns under titles.
type table struct{ lines []tableLine }

type tableLine struct {
	isTitle     bool
	name, value string
}

func newTable() *table { return &table{} }

func (t *table) title(s string) {
	t.lines = append(t.lines, tableLine{isTitle: true, name: s})
}

func (t *table) row(name, value string) {
	t.lines = append(t.lines, tableLine{name: name, value: value})
}

func (t *table) write(w io.Writer) error {
	width := 0
	for _, l := range t.lines {
		if !l.isTitle {
			width = max(width, ansi.StringWidth(l.name))
		}
	}
	var b strings.Builder
	for _, l := range t.lines {
		if l.isTitle {
			b.WriteString(l.name + "\n")
			continue
		}
		pad := strings.Repeat(" ", width-ansi.StringWidth(l.name))
		b.WriteString(strings.TrimRight("  "+l.name+pad+"  "+l.value, " ") + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
