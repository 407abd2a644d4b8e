package console

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"resilab/labs/course"
	"resilab/labs/course/report"
	"resilab/labs/course/trial"
	"resilab/labs/lab"
)

// Lint writes one line for each mistake in a folder of cards, and plays those
// cards that have none with the given number of seeds.
func (p *Printer) Lint(ctx context.Context, fsys fs.FS, player *trial.Player, seeds int, specs ...*lab.Spec) (ok bool, err error) {
	book, wrong, err := course.Lint(fsys, specs...)
	if err != nil {
		return false, err
	}
	for _, c := range book.Cards() {
		if c.Needs != "" {
			continue
		}
		played, err := player.Lint(ctx, c, seeds)
		if err != nil {
			return false, err
		}
		wrong = append(wrong, played...)
	}
	for _, m := range wrong {
		p.line(m.Error())
	}
	if len(wrong) == 0 {
		p.say("course.lint.ok", len(book.Cards()))
	}
	return len(wrong) == 0, nil
}

// NewCard writes the files of a new card into a folder. Files that exist are left
// as they are.
func (p *Printer) NewCard(dir, id, labID string) error {
	files, err := p.Book.Template(id, labID)
	if err != nil {
		return err
	}
	for path, data := range files {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		if errClose := f.Close(); err != nil || errClose != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		p.line(path)
	}
	return nil
}

// Play plays a card with its golden settings and writes its runs side by side.
func (p *Printer) Play(ctx context.Context, id string, player *trial.Player, seed uint64) (passed bool, err error) {
	c, err := p.card(id)
	if err != nil {
		return false, err
	}
	r, err := player.Golden(ctx, c, seed, trial.Expected(c))
	if err != nil {
		return false, err
	}
	rows := [][]string{{""}}
	for i := range r.Runs {
		rows[0] = append(rows[0], course.Letters[i:i+1])
	}
	for _, m := range c.Figures() {
		row := []string{c.Names(p.Text).Metric(m.ID)}
		for _, run := range r.Runs {
			row = append(row, m.Format.Write(run.Metrics[m.ID]))
		}
		rows = append(rows, row)
	}
	if err := p.table(rows); err != nil {
		return false, err
	}
	p.tell(c, r.Last, nil)
	if !r.Passed {
		p.line(c.ID + " · " + p.Text.T("course.plain.not_yet"))
		return false, nil
	}
	p.line(c.ID + " · " + p.Text.T("course.stage.passed"))
	return true, nil
}

// Write writes a report in one of Formats.
func (p *Printer) Write(format string, d *report.Document) error {
	switch format {
	case "json":
		return d.JSON(p.Out)
	case "csv":
		return d.CSV(p.Out, p.Text)
	case "md":
		return d.Markdown(p.Out, p.Book, p.Text)
	case "html":
		return d.HTML(p.Out, p.Book, p.Text)
	}
	return p.Report(false)
}

// Formats are the forms of a report besides text.
func Formats() []string { return []string{"json", "md", "csv", "html"} }

// Verify writes for each passed card of a report whether its figures can have
// come from this lab, and who signed it.
func (p *Printer) Verify(ctx context.Context, data []byte, player *trial.Player) (ok bool, err error) {
	d, key, err := report.Open(data)
	if err != nil {
		return false, err
	}
	if key == nil {
		p.say("course.verify.unsigned")
	} else {
		p.say("course.verify.signed", report.Fingerprint(key))
	}
	verdicts, err := d.Verify(ctx, p.Book, player)
	for _, v := range verdicts {
		switch {
		case v.Skipped:
			p.say("course.verify.skipped", v.ID)
		case v.Possible:
			p.say("course.verify.possible", v.ID, v.Tolerance)
		default:
			p.say("course.verify.impossible", v.ID, v.Why)
		}
	}
	failed := func(v report.Verdict) bool { return !v.Skipped && !v.Possible }
	return err == nil && !slices.ContainsFunc(verdicts, failed), err
}
