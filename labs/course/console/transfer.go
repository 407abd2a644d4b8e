package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Export writes the progress to a new file for another machine.
func (p *Printer) Export(path string) error {
	if err := p.Store.Export(path); err != nil {
		return err
	}
	p.say("course.exported", path)
	return nil
}

// Import merges the progress in a file that Export has written.
func (p *Printer) Import(ctx context.Context, path string) error {
	cards, err := p.Store.Import(ctx, path)
	if err != nil {
		return err
	}
	p.say("course.imported", cards, path)
	return nil
}

// Reset removes what is known of a card; without an id, of all. It asks first,
// unless sure is set, and reports whether it did.
func (p *Printer) Reset(id string, in io.Reader, sure bool) (done bool, err error) {
	ids := p.Store.Begun()
	if id != "" {
		ids = []string{id}
	}
	if !sure {
		p.say("course.reset.ask", p.what(id))
		if !p.agreed(in) {
			p.say("course.reset.kept")
			return false, nil
		}
	}
	if err := p.Store.Reset(ids...); err != nil {
		return false, fmt.Errorf("resetting %s: %w", strings.Join(ids, ", "), err)
	}
	p.say("course.reset.done", p.what(id))
	return true, nil
}

// what names a card, or all of them.
func (p *Printer) what(id string) string {
	if id == "" {
		return p.Text.T("course.reset.all")
	}
	return id
}

// agreed reads one line and reports whether it is the catalogue's yes, in one of
// its wordings.
func (p *Printer) agreed(in io.Reader) bool {
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return false
	}
	answer := strings.TrimSpace(lines.Text())
	return slices.ContainsFunc(strings.Split(p.Text.T("course.reset.yes"), "|"), func(yes string) bool { return strings.EqualFold(answer, yes) })
}
