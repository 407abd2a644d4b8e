package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

const formatMarkdown = "md"

func compareFlags() []lab.Knob {
	return []lab.Knob{lab.NewChoice("format", "text", formatMarkdown, formatJSON), languageFlag()}
}

// runCompare sets saved runs of one lab side by side.
func runCompare(ctx context.Context, c *call) error {
	if len(c.in.args) == 0 {
		return usageError{&wordedError{key: "cli.error.nofiles", args: []any{c.command.usage()}}}
	}
	var runs []savedRun
	for _, path := range c.in.args {
		more, err := readRuns(ctx, path)
		if err != nil {
			return err
		}
		runs = append(runs, more...)
	}
	for _, r := range runs {
		if r.Lab != runs[0].Lab {
			return usageError{&wordedError{key: "cli.error.labs_differ", args: []any{runs[0].name, runs[0].Lab, r.name, r.Lab}}}
		}
	}
	e, err := c.set.lab(runs[0].Lab, nil)
	if err != nil {
		return usageError{err}
	}
	cmp := comparison{spec: e.Spec, runs: runs, text: c.text}
	switch c.in.flags.Text("format") {
	case formatJSON:
		return c.out.json(cmp.object())
	case formatMarkdown:
		return c.out.print(cmp.markdown())
	}
	return c.out.print(cmp.columns())
}

// comparison is runs of one lab.
type comparison struct {
	spec *lab.Spec
	runs []savedRun
	text *i18n.Catalogue
}

// object is the comparison for programs: the runs as they were saved, and the
// settings that differ.
func (c comparison) object() any {
	all := struct {
		Lab     string              `json:"lab"`
		Files   []string            `json:"files"`
		Differs map[string][]string `json:"differs"`
		Runs    []json.RawMessage   `json:"runs"`
	}{Lab: c.spec.ID, Differs: map[string][]string{}}
	for _, r := range c.runs {
		all.Files, all.Runs = append(all.Files, r.name), append(all.Runs, r.raw)
	}
	for _, k := range c.differing() {
		all.Differs[k.ID] = c.settings(k)
	}
	return all
}

// differing are the knobs that do not have the same value in all runs.
func (c comparison) differing() (knobs []lab.Knob) {
	for _, k := range c.spec.Knobs {
		values := c.settings(k)
		if slices.ContainsFunc(values, func(v string) bool { return v != values[0] }) {
			knobs = append(knobs, k)
		}
	}
	return knobs
}

// settings are a knob's values in the runs.
func (c comparison) settings(k lab.Knob) (values []string) {
	for _, r := range c.runs {
		v, err := k.Parse(r.Knobs[k.ID])
		if err != nil {
			values = append(values, r.Knobs[k.ID]) // of another version
			continue
		}
		values = append(values, v.String()+k.Unit)
	}
	return values
}

// rows are the cells of the table. The first cell of a title's row is empty.
func (c comparison) rows() (rows [][]string) {
	head, length, seed := []string{""}, []string{c.text.T("cli.compare.length")}, []string{c.text.T("cli.compare.seed")}
	for _, r := range c.runs {
		head, length = append(head, r.name), append(length, fmt.Sprintf("%.1f s", r.Duration))
		seed = append(seed, fmt.Sprint(r.Seed))
	}
	rows = append(rows, head, length, seed)
	for _, k := range c.differing() {
		rows = append(rows, append([]string{c.text.T(c.spec.ID + ".knob." + k.ID + ".name")}, c.settings(k)...))
	}
	for _, m := range c.spec.Metrics {
		row, known := []string{metricName(c.text, c.spec, m)}, false
		for _, r := range c.runs {
			v, ok := r.Metrics[m.ID]
			cell := "–"
			if ok {
				cell, known = m.Format.Write(v), true
			}
			row = append(row, cell)
		}
		if known {
			rows = append(rows, row)
		}
	}
	return rows
}

// columns writes the table in aligned columns.
func (c comparison) columns() string {
	rows := c.rows()
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// markdown writes the table for a page.
func (c comparison) markdown() string {
	var b strings.Builder
	for i, row := range c.rows() {
		for j, cell := range row {
			row[j] = strings.ReplaceAll(cell, "|", `\|`)
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString("| ---" + strings.Repeat(" | ---:", len(row)-1) + " |\n")
		}
	}
	return b.String()
}
