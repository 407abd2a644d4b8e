package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"resilab/brokers"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/runline"
)

// usageError is a mistake in what was typed: exit 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// wordedError is an error in the catalogue's words.
type wordedError struct {
	key  string
	args []any
}

func (e *wordedError) Error() string { return fmt.Sprint(e.args...) }

// addressError is a flag that names no place to listen.
type addressError struct{ flag, value string }

func (e *addressError) Error() string { return fmt.Sprintf("%s: %q is no address", e.flag, e.value) }

// errReported ends the program with exit 1; everything was said already.
var errReported = errors.New("already reported")

// errNoLab is reported in the catalogue's words.
var errNoLab = errors.New("the lab is missing")

// isUsage reports whether an error is a mistake in what was typed.
func isUsage(err error) bool {
	var usage usageError
	var words *lab.UsageError
	var address *brokers.URLError
	return errors.As(err, &usage) || errors.As(err, &words) || errors.As(err, &address)
}

// explainer puts errors into the catalogue's words.
type explainer struct {
	text   *i18n.Catalogue
	usage  string                   // of the command
	origin func(flag string) string // where a flag's value came from
}

// explain returns an error in the catalogue's words, or its own text where the
// catalogue has none. Joined errors follow one another.
func (x explainer) explain(err error) string {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range several.Unwrap() {
			all = append(all, x.explain(e))
		}
		return strings.Join(all, "; ")
	}
	var worded *wordedError
	var line *lineError
	var knob *lab.KnobError
	var listen *addressError
	var address *brokers.URLError
	var broker *brokers.UnreachableError
	switch {
	case errors.Is(err, errNoLab):
		return x.text.T("cli.error.lab", x.usage)
	case errors.As(err, &worded):
		return x.text.T(worded.key, worded.args...)
	case errors.As(err, &line):
		return x.line(line)
	case errors.As(err, &knob):
		return x.text.T("cli.error.value", x.origin(knob.Knob), knob.Value, knob.Allowed)
	case errors.As(err, &listen):
		return x.text.T("cli.error.value", x.origin(listen.flag), listen.value, x.text.T("cli.error.address"))
	case errors.As(err, &address):
		return x.text.T("cli.error.value", x.origin(urlFlag(address.Kind)), address.Value, address.Allowed)
	case errors.As(err, &broker):
		return x.broker(broker)
	case errors.Is(err, syscall.EADDRINUSE):
		return x.text.T("cli.error.taken", err)
	}
	return x.progress(err)
}

// line explains a mistake in the line of a run.
func (x explainer) line(e *lineError) string {
	var unknown *runline.UnknownError
	var syntax *runline.SyntaxError
	switch {
	case errors.As(e.err, &unknown):
		return x.text.T("cli.error.line_unknown", e.where, unknown.Lab, strings.Join(unknown.Names, ", "))
	case errors.As(e.err, &syntax) && syntax.Twice:
		return x.text.T("cli.error.line_twice", e.where, syntax.Part)
	case errors.As(e.err, &syntax):
		return x.text.T("cli.error.line_form", e.where, syntax.Part)
	}
	x.origin = func(flag string) string { return e.where + ": " + flag }
	return x.explain(e.err)
}

// progress explains a progress file that cannot be used.
func (x explainer) progress(err error) string {
	var foreign *course.ForeignFileError
	var newer *course.NewerFileError
	switch {
	case errors.As(err, &foreign):
		return x.text.T("course.error.foreign", foreign.Path, foreign.Err)
	case errors.As(err, &newer):
		return x.text.T("course.error.newer", newer.Path, newer.Version)
	}
	return err.Error()
}

func (x explainer) broker(e *brokers.UnreachableError) string {
	name := brokers.Name(e.Kind)
	switch {
	case e.Refused:
		return x.text.T("cli.error.refused", name, e.Address, e.Err, x.origin(urlFlag(e.Kind)))
	case e.Start == "":
		return x.text.T("cli.error.unreachable", name, e.Address, e.Err)
	}
	return x.text.T("cli.error.start", name, e.Address, e.Err, e.Start)
}

// detached is for work that must be done although ctx has ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
}
