package report

import (
	"fmt"
	"io"
	"strings"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// Markdown writes the report as a page of text.
func (d *Document) Markdown(w io.Writer, book *course.Book, text *i18n.Catalogue) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", text.T("course.page.title"))
	fmt.Fprintf(&b, "%s\n\n", strings.Join(d.heading(text), " · "))
	for _, e := range d.entries(book, text) {
		fmt.Fprintf(&b, "## %s · %s\n\n%s\n\n", e.ID, cell(e.Title), strings.Join(e.Details, " · "))
		fmt.Fprintf(&b, "%s\n\n", cell(text.T("course.predicted", e.Prediction)))
		e.markdownTable(&b, text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heading says whose report it is, and how much is passed.
func (d *Document) heading(text *i18n.Catalogue) []string {
	all := []string{text.T("course.summary", d.passed(), len(d.Cards)), d.MadeAt.Format("2006-01-02 15:04 -07:00"), d.Program}
	if d.Student != "" {
		all = append([]string{d.Student}, all...)
	}
	return all
}

func (e entry) markdownTable(b *strings.Builder, text *i18n.Catalogue) {
	if len(e.Letters) == 0 {
		return
	}
	row := func(cells ...string) {
		for _, c := range cells {
			fmt.Fprintf(b, "| %s ", cell(c))
		}
		b.WriteString("|\n")
	}
	row(append([]string{""}, e.Letters...)...)
	b.WriteString(strings.Repeat("| --- ", len(e.Letters)+1) + "|\n")
	for _, f := range e.Figures {
		row(append([]string{f.Name}, f.Cells...)...)
	}
	for _, s := range e.Settings {
		row(s...)
	}
	row(append([]string{text.T("course.page.seed")}, e.Seeds...)...)
	row(append([]string{text.T("course.page.took")}, e.Took...)...)
	b.WriteString("\n")
}

// cell keeps a text from ending a cell or a line of a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(s)
}
