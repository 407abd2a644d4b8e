package cli

import (
	"context"
	"fmt"

	"resilab/labs"
	"resilab/labs/lab"
)

func canExport(e labs.Entry) bool { return e.Export != nil }

// exportFlags are the lab's knobs and the targets that it can be written for.
func exportFlags(c *call, args []string) ([]lab.Knob, error) {
	return c.labFlags(args, []lab.Knob{languageFlag()}, canExport, func(e labs.Entry) []lab.Knob {
		return append([]lab.Knob{lab.NewChoice("to", e.Export.Targets...)}, e.Spec.Knobs...)
	})
}

// runExport prints a lab's settings as a program.
func runExport(_ context.Context, c *call) error {
	e, err := c.labOf(canExport)
	if err != nil {
		return err
	}
	settings := c.settings(e.Spec)
	if err := e.Spec.Check(settings); err != nil {
		return usageError{err}
	}
	code, err := e.Export.Code(c.text.Lang(), c.flags.Text("to"), settings)
	if err != nil {
		return usageError{err}
	}
	if _, err := fmt.Fprint(c.Stdout, code); err != nil {
		return fmt.Errorf("writing the program: %w", err)
	}
	return nil
}

// settings are a lab's settings: what was given, bundles resolved, the rest as
// declared.
func (c *call) settings(spec *lab.Spec) lab.Settings {
	given := lab.Settings{}
	for _, k := range spec.Knobs {
		if v, ok := c.flags[k.ID]; ok && c.isGiven(k.ID) {
			given[k.ID] = v
		}
	}
	return spec.Complete(given)
}

// exporter writes a lab's settings as code, nil where no program has the like.
func exporter(e *lab.Export, c *screen) func(lab.Settings) string {
	if e == nil {
		return nil
	}
	return func(s lab.Settings) string {
		code, err := e.Code(c.lang, e.Target(s), s)
		if err != nil {
			return err.Error()
		}
		return code
	}
}
