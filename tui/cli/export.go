package cli

import (
	"context"

	"resilab/labs"
	"resilab/labs/lab"
)

func canExport(e labs.Entry) bool { return e.Export != nil }

// exportFlags are the lab's knobs and the targets that it can be written for.
func exportFlags(set commandSet, args []string) ([]lab.Knob, error) {
	return set.labFlags(args, []lab.Knob{languageFlag()}, canExport, func(e labs.Entry) []lab.Knob {
		return append([]lab.Knob{lab.NewChoice("to", e.Export.Targets...)}, e.Spec.Knobs...)
	})
}

// runExport prints a lab's settings as a program.
func runExport(_ context.Context, c *call) error {
	e, err := c.lab(canExport)
	if err != nil {
		return err
	}
	settings, err := c.in.settings(e.Spec)
	if err != nil {
		return err
	}
	code, err := e.Export.Code(c.text.Lang(), c.in.flags.Text("to"), settings)
	if err != nil {
		return usageError{err}
	}
	return c.out.print(code)
}
