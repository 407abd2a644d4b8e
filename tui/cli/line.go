package cli

import (
	"context"
	"strings"

	"resilab/labs/lab"
	"resilab/labs/runline"
)

// fromFlag takes the line of a run; see the package runline.
func fromFlag() lab.Knob { return lab.NewText("from", "") }

// lineError is a mistake in the line of a run.
type lineError struct {
	where string // the flag or command that took it
	err   error
}

func (e *lineError) Error() string { return e.where + ": " + e.err.Error() }

// parseLine reads the line of a run. The error is a usageError.
func (s commandSet) parseLine(line, where string) (runline.Line, error) {
	l, err := runline.Parse(line, s.labs.Specs())
	if err != nil {
		return l, usageError{&lineError{where: where, err: err}}
	}
	return l, nil
}

// flagIn returns the last value that args give a flag, before they are parsed.
func flagIn(args []string, id string) (value string) {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--"+id+"="); ok {
			value = v
		} else if a == "--"+id && i+1 < len(args) {
			value = args[i+1]
		}
	}
	return value
}

// runOpen opens the labs with the settings of a line.
func runOpen(ctx context.Context, c *call) error {
	if len(c.in.args) == 0 {
		return usageError{&wordedError{key: "cli.error.noline", args: []any{c.command.usage()}}}
	}
	if err := c.in.atMostArgs(1); err != nil {
		return err
	}
	line, err := c.set.parseLine(c.in.args[0], "open")
	if err != nil {
		return err
	}
	return onTerminal(ctx, c, openingOf(line, c.in))
}

// openingOf opens the labs with the settings of a line. A seed that was given wins.
func openingOf(line runline.Line, in values) opening {
	seed, id := line.Seed, line.Spec.ID
	if in.isGiven("seed") {
		seed = in.seed()
	}
	return opening{first: id, runs: labRuns{
		seed: seed, start: map[string]lab.Settings{id: line.A}, next: map[string]lab.Settings{id: line.B},
	}}
}
