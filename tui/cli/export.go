package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"resilab/labs/lab"
	"resilab/labs/retry"
	"resilab/labs/retry/export"
)

// exportFlags are the retry lab's knobs: it is the lab whose settings other
// libraries have, too.
func exportFlags([]string) ([]lab.Knob, error) {
	own := []lab.Knob{lab.NewChoice("to", export.Names()...), languageFlag()}
	return append(own, retry.Spec().Knobs...), nil
}

// exportCode prints settings as a program for a well-known library.
func exportCode(_ context.Context, c *call) error {
	spec := retry.Spec()
	if len(c.args) != 1 || c.args[0] != spec.ID {
		return usageError{errors.New(c.text.T("cli.error.export", spec.ID))}
	}
	if !c.given["to"] {
		return usageError{errors.New(c.text.T("cli.error.novalue", "--to", strings.Join(export.Names(), "|")))}
	}
	settings := c.knobs(spec)
	if err := spec.Check(settings); err != nil {
		return usageError{err}
	}
	code, err := retry.Code(c.text.Lang(), c.flags.Text("to"), settings)
	if err != nil {
		return usageError{err}
	}
	if _, err := fmt.Fprint(c.Stdout, code); err != nil {
		return fmt.Errorf("writing the program: %w", err)
	}
	return nil
}
