package cli

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"resilab/brokers"
	"resilab/labs/course"
	"resilab/labs/lab"
)

// usageError is a mistake in what was typed: exit 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errReported ends the program with exit 1; everything was said already.
var errReported = errors.New("already reported")

// isUsage reports whether an error is a mistake in what was typed.
func isUsage(err error) bool {
	var usage usageError
	var words *lab.UsageError
	var address *brokers.URLError
	return errors.As(err, &usage) || errors.As(err, &words) || errors.As(err, &address)
}

// explain returns an error in the catalogue's words, or its own text where the
// catalogue has none. Joined errors follow one another.
func (c *call) explain(err error) string {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range several.Unwrap() {
			all = append(all, c.explain(e))
		}
		return strings.Join(all, "; ")
	}
	var knob *lab.KnobError
	var config *configError
	var address *brokers.URLError
	var broker *brokers.UnreachableError
	switch {
	case errors.Is(err, errNoLab):
		return c.text.T("cli.error.lab", c.command.usage())
	case errors.As(err, &config):
		return c.text.T("cli.error."+config.key, config.args...)
	case errors.As(err, &knob):
		return c.text.T("cli.error.value", c.origin(knob.Knob), knob.Value, knob.Allowed)
	case errors.As(err, &address):
		return c.text.T("cli.error.value", c.origin(urlFlag(address.Kind)), address.Value, address.Allowed)
	case errors.As(err, &broker):
		return c.explainBroker(broker)
	case errors.Is(err, syscall.EADDRINUSE):
		return c.text.T("cli.error.taken", err)
	}
	return c.explainProgress(err)
}

// explainProgress explains a progress file that cannot be used.
func (c *call) explainProgress(err error) string {
	var foreign *course.ForeignFileError
	var newer *course.NewerFileError
	switch {
	case errors.As(err, &foreign):
		return c.text.T("course.error.foreign", foreign.Path, foreign.Err)
	case errors.As(err, &newer):
		return c.text.T("course.error.newer", newer.Path, newer.Version)
	}
	return err.Error()
}

func (c *call) explainBroker(e *brokers.UnreachableError) string {
	name := brokers.Name(e.Kind)
	switch {
	case e.Refused:
		return c.text.T("cli.error.refused", name, e.Address, e.Err, c.origin(urlFlag(e.Kind)))
	case e.Start == "":
		return c.text.T("cli.error.unreachable", name, e.Address, e.Err)
	}
	return c.text.T("cli.error.start", name, e.Address, e.Err, e.Start)
}

// urlFlag is the flag that says where a broker of a kind is.
func urlFlag(kind string) string { return kind + "-url" }

// flagOwners lists the commands that have a flag, for a person who has given it
// to another.
func (c *call) flagOwners(id string) (owners []string) {
	for _, cmd := range c.commands() {
		if flags, err := cmd.flags(c, nil); err == nil && hasFlag(flags, id) {
			owners = append(owners, "resilab "+cmd.name)
		}
	}
	for _, e := range c.Labs {
		if hasFlag(e.Spec.Knobs, id) {
			owners = append(owners, "resilab run "+e.Spec.ID)
		}
	}
	return owners
}

func hasFlag(flags []lab.Knob, id string) bool {
	for _, k := range flags {
		if k.ID == id {
			return true
		}
	}
	return false
}

// detached is for work that must be done although ctx has ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
}
