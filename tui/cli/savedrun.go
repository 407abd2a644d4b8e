package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/labs/runline"
	"resilab/labs/textfile"
)

// printedRun is a run as run prints it in JSON and --save keeps it.
type printedRun struct {
	lab.Run
	Line string `json:"line"` // see the package runline
}

func printed(spec *lab.Spec, run lab.Run) printedRun {
	return printedRun{Run: run, Line: runline.Line{Spec: spec, Seed: run.Seed, A: run.Knobs}.String()}
}

// savedRun is a run that was read from a file.
type savedRun struct {
	name string // the file, with a number where it has several runs
	raw  json.RawMessage
	*course.Evidence
}

// readRuns reads the runs in a file: what run prints with --format json or keeps
// with --save, one JSON object after another. The error is a usageError.
func readRuns(ctx context.Context, path string) (runs []savedRun, err error) {
	text, err := textfile.Read(ctx, path)
	if err != nil {
		return nil, usageError{err}
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		r := savedRun{name: path}
		if err := dec.Decode(&r.raw); errors.Is(err, io.EOF) && len(runs) > 0 {
			break
		} else if err != nil {
			return nil, usageError{fmt.Errorf("reading a run in %s: %w", path, err)}
		}
		if r.Evidence, err = course.ReadEvidence(r.raw); err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", path, err)}
		}
		runs = append(runs, r)
	}
	for i := range runs {
		if len(runs) > 1 {
			runs[i].name = fmt.Sprintf("%s #%d", path, i+1)
		}
	}
	return runs, nil
}

// loadRunA reads the run of --a; nil if there is none. Settings that this version
// does not have get their defaults.
func loadRunA(ctx context.Context, c *call) (*lab.Run, error) {
	path := c.in.flags.Text("a")
	if path == "" {
		return nil, nil
	}
	runs, err := readRuns(ctx, path)
	if err != nil {
		return nil, err
	}
	e, err := c.set.lab(runs[0].Lab, nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("--a: %w", err)}
	}
	r := runs[0]
	return &lab.Run{Lab: r.Lab, Seed: r.Seed, Brokers: r.Brokers, Knobs: e.Spec.Complete(r.Settings(e.Spec)),
		Metrics: r.Metrics, Duration: r.Duration}, nil
}
