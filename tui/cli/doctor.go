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
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	return doctor{out: c.out, choice: c.in.brokerChoice()}.examine(ctx)
}

// doctor probes brokers.
type doctor struct {
	out    output
	choice brokers.Choice
}

func (d doctor) examine(ctx context.Context) error {
	if err := d.choice.Check(); err != nil {
		return err
	}
	if err := d.embedded(ctx); err != nil {
		return err
	}
	urls := brokers.Local().URLs
	maps.Copy(urls, d.choice.URLs)
	missing, failed := false, false
	for _, f := range brokers.Probe(ctx, urls) {
		if f.Err != nil {
			missing, failed = true, failed || d.choice.URLs[f.Kind] != ""
		}
		if err := d.print(f); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	if missing {
		return d.out.say("cli.doctor.enough")
	}
	return nil
}

// print writes what can be used, or what cannot and how to fix it.
func (d doctor) print(f brokers.Finding) error {
	if f.Err == nil {
		return d.out.say("cli.doctor.ok", dots(f.Subject, f.Address, f.Version))
	}
	if err := d.out.say("cli.doctor.missing", dots(f.Subject, f.Address, oneLine(f.Err.Error()))); err != nil {
		return err
	}
	fix := f.Fix
	if f.Refused {
		fix = d.out.text.T("cli.doctor.refused", "--"+urlFlag(f.Kind))
	}
	if fix == "" {
		return nil
	}
	return d.out.say("cli.doctor.fix", fix)
}

// embedded starts the embedded brokers and probes them.
func (d doctor) embedded(ctx context.Context) (err error) {
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
		if err := d.out.say("cli.doctor.ok", dots(d.out.text.T("cli.doctor.embedded", f.Subject), f.Version)); err != nil {
			return err
		}
	}
	return nil
}

// dots joins the facts that are not empty.
func dots(facts ...string) string {
	facts = slices.DeleteFunc(facts, func(s string) bool { return s == "" })
	return strings.Join(facts, " · ")
}
