package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/lab"
)

// doctorTimeout bounds the probes of all brokers together.
const doctorTimeout = 10 * time.Second

func doctorFlags() []lab.Knob { return append(brokerFlags(), languageFlag()) }

// runDoctor reports what the labs can use here and what to type to fix the rest.
// It fails only where brokers were named and cannot be used.
func runDoctor(ctx context.Context, c *call) error {
	choice := c.brokerChoice()
	if err := choice.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	if err := c.doctorEmbedded(ctx); err != nil {
		return err
	}
	urls := brokers.Local().URLs
	maps.Copy(urls, choice.URLs)
	missing, failed := false, false
	for _, f := range brokers.Probe(ctx, urls) {
		if f.Err == nil {
			fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.ok", dots(f.Subject, f.Address, f.Version)))
			continue
		}
		missing, failed = true, failed || choice.URLs[f.Kind] != ""
		c.printMissing(f)
	}
	if failed {
		return errReported
	}
	if missing {
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.enough"))
	}
	return nil
}

// printMissing prints what cannot be used and how to fix it.
func (c *call) printMissing(f brokers.Finding) {
	fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.missing", dots(f.Subject, f.Address, oneLine(f.Err.Error()))))
	fix := f.Fix
	if f.Refused {
		fix = c.text.T("cli.doctor.refused", "--"+urlFlag(f.Kind))
	}
	if fix != "" {
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.fix", fix))
	}
}

// doctorEmbedded starts the embedded brokers and probes them.
func (c *call) doctorEmbedded(ctx context.Context) (err error) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	urls := map[string]string{}
	for _, kind := range kinds() {
		if urls[kind], err = session.Open(ctx, kind); err != nil {
			return err
		}
	}
	for _, f := range brokers.Probe(ctx, urls) {
		if f.Err != nil {
			return fmt.Errorf("embedded %s: %w", f.Subject, f.Err)
		}
		fmt.Fprintln(c.Stdout, c.text.T("cli.doctor.ok", dots(c.text.T("cli.doctor.embedded", f.Subject), f.Version)))
	}
	return nil
}

// dots joins the facts that are not empty.
func dots(facts ...string) string {
	facts = slices.DeleteFunc(facts, func(s string) bool { return s == "" })
	return strings.Join(facts, " · ")
}
