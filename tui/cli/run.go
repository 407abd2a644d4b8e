package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

const (
	progressEvery = 200 * time.Millisecond
	progressParts = 4               // of the line: the time, and what is most worth knowing
	restPatience  = 5 * time.Second // for what is under way when the time is up
	stopPatience  = 5 * time.Second
)

// runFlags are the lab's own knobs and what a run needs besides.
func runFlags(args []string) ([]lab.Knob, error) {
	own := []lab.Knob{
		lab.NewDuration("for", 10*time.Second, 10*time.Millisecond, time.Hour),
		seedFlag(), formatFlag(), languageFlag(),
	}
	flags := append(own, brokerFlags()...)
	name := labWord(args)
	switch {
	case name == "" && (len(args) == 0 || args[0] == "-h" || args[0] == "--help"):
		return flags, nil
	case name == "":
		return nil, errNoLab
	}
	entry, ok := labs.Find(name)
	if !ok {
		return nil, &lab.KnobError{Knob: "lab", Value: name, Allowed: strings.Join(labNames(), "|")}
	}
	return append(append([]lab.Knob{}, entry.Spec.Knobs...), flags...), nil
}

// errNoLab is told in the catalogue's words.
var errNoLab = errors.New("the lab is missing")

// labWord finds which lab is asked for before its flags are known: the first
// word that names one, else the first word of all.
func labWord(args []string) string {
	for _, a := range args {
		if _, ok := labs.Find(a); ok {
			return a
		}
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return args[0]
	}
	return ""
}

func labNames() (names []string) {
	for _, e := range labs.All() {
		names = append(names, e.Spec.ID)
	}
	return names
}

// runLab runs one lab without a screen and prints the evidence.
func runLab(ctx context.Context, c *call) error {
	if len(c.args) == 0 {
		return usageError{errNoLab}
	}
	if len(c.args) > 1 {
		return usageError{errors.New(c.text.T("cli.error.toomuch", c.args[1]))}
	}
	entry, _ := labs.Find(c.args[0])
	settings := c.knobs(entry.Spec)
	if err := entry.Spec.Check(settings); err != nil {
		return usageError{err}
	}
	session, err := c.newSession()
	if err != nil {
		return err
	}
	run, err := c.measure(ctx, session, entry, settings)
	if err := errors.Join(err, session.Close()); err != nil {
		return err
	}
	return c.printRun(entry.Spec, run)
}

// knobs are the lab's settings: what was given, bundles resolved, the rest as
// declared.
func (c *call) knobs(spec *lab.Spec) lab.Settings {
	given := lab.Settings{}
	for _, k := range spec.Knobs {
		if c.given[k.ID] {
			given[k.ID] = c.flags[k.ID]
		}
	}
	return spec.Complete(given)
}

// measure runs the experiment for the time asked and lets what is under way
// come to an end.
func (c *call) measure(ctx context.Context, session *labs.Session, entry labs.Entry, settings lab.Settings) (run lab.Run, err error) {
	exp, err := session.Experiment(entry, labs.Setup{Seed: uint64(c.flags.Int("seed")), Settings: settings})
	if err != nil {
		return run, err
	}
	defer func() {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		err = errors.Join(err, exp.Stop(stopCtx))
	}()
	if err := exp.Start(ctx); err != nil {
		return run, err
	}
	for _, note := range exp.Snapshot().Notes {
		fmt.Fprintln(c.Stderr, c.text.T(note.Key, note.Args...))
	}
	interrupted := c.wait(ctx, exp, c.flags.Duration("for"))
	for _, trouble := range exp.Snapshot().Troubles {
		fmt.Fprintln(c.Stderr, c.text.T(trouble.Key, trouble.Args...))
	}
	exp.TogglePause()
	if interrupted == nil {
		waitForRest(ctx, exp)
	}
	run = exp.Current()
	if interrupted != nil {
		fmt.Fprintln(c.Stderr, c.text.T("cli.run.interrupted", fmt.Sprintf("%.1f", run.Duration)))
		return run, errors.Join(c.printRun(entry.Spec, run), errSaid)
	}
	return run, nil
}

// wait lets the lab run for d, showing its progress on a terminal.
func (c *call) wait(ctx context.Context, exp *lab.Experiment, d time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, errTimeUp)
	defer cancel()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	show := isTerminal(c.Stderr)
	for {
		select {
		case <-ctx.Done():
			if show {
				fmt.Fprint(c.Stderr, "\r\x1b[K")
			}
			if cause := context.Cause(ctx); !errors.Is(cause, errTimeUp) {
				return cause
			}
			return nil
		case <-tick.C:
			if show {
				c.progress(exp, d)
			}
		}
	}
}

var errTimeUp = errors.New("the time is up")

// progress writes over the line before: what is wrong comes first, because
// what the terminal has no room for is cut off.
func (c *call) progress(exp *lab.Experiment, d time.Duration) {
	snap := exp.Snapshot()
	parts := []string{fmt.Sprintf("%s / %s", i18n.FormatDuration(snap.Elapsed.Truncate(100*time.Millisecond)), i18n.FormatDuration(d))}
	for _, trouble := range snap.Troubles {
		parts = append(parts, c.text.T(trouble.Key, trouble.Args...))
	}
	for _, m := range exp.Spec().Metrics {
		if v, ok := snap.Metrics[m.ID]; ok && m.Card && len(parts) < progressParts {
			parts = append(parts, c.metricName(exp.Spec(), m)+" "+m.Format.Write(v))
		}
	}
	fmt.Fprint(c.Stderr, "\r\x1b[K"+ansi.Truncate(strings.Join(parts, " · "), terminalWidth(c.Stderr)-1, "…"))
}

// waitForRest waits until nothing is in flight any more, within reason.
func waitForRest(ctx context.Context, exp *lab.Experiment) {
	ctx, cancel := context.WithTimeout(ctx, restPatience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for exp.Snapshot().InFlight > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *call) printRun(spec *lab.Spec, run lab.Run) error {
	if c.flags.Text("format") == "json" {
		return json.NewEncoder(c.Stdout).Encode(run)
	}
	return c.printText(c.Stdout, spec, run)
}

// printText writes settings and figures in two aligned columns.
func (c *call) printText(w io.Writer, spec *lab.Spec, run lab.Run) error {
	t := newTable()
	t.title(c.text.T("cli.run.title", c.text.T(spec.ID+".name"), fmt.Sprintf("%.1f", run.Duration), run.Seed))
	for _, name := range slices.Sorted(maps.Keys(run.Brokers)) {
		t.row(c.text.T("cli.broker."+name), run.Brokers[name])
	}
	t.title(c.text.T("cli.run.knobs"))
	for _, k := range spec.Knobs {
		t.row(c.text.T(spec.ID+".knob."+k.ID+".name"), run.Knobs[k.ID].String()+k.Unit)
	}
	t.title(c.text.T("cli.run.metrics"))
	for _, m := range spec.Metrics {
		if v, ok := run.Metrics[m.ID]; ok {
			t.row(c.metricName(spec, m), m.Format.Write(v))
		}
	}
	return t.write(w)
}

func (c *call) metricName(spec *lab.Spec, m lab.Metric) string {
	return c.text.T(spec.ID + ".metric." + m.ID)
}
