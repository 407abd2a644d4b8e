package labs_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The labs' own tests also make the experiments of their knobs.
func TestEveryLabPassesTheSuite(t *testing.T) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, e := range labs.All() {
		t.Run(e.Spec.ID, func(t *testing.T) {
			labtest.Run(t, labtest.Subject{Spec: e.Spec, New: e.New, Brief: true,
				Env: lab.Env{Open: session.Open, Namespace: "resilab-test", Guest: true}})
		})
	}
}

// A lab's own tests run the whole suite, with the experiments of its knobs.
func TestEveryLabTestsItsKnobs(t *testing.T) {
	for _, e := range labs.All() {
		files, err := filepath.Glob(filepath.Join(e.Spec.ID, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(files, func(name string) bool {
			text, err := os.ReadFile(name)
			return err == nil && (bytes.Contains(text, []byte("labtest.Effects(")) || bytes.Contains(text, []byte("labtest.Run(")) && !bytes.Contains(text, []byte("Brief:")))
		})
		if !found {
			t.Errorf("no test in %s makes the experiments of the knobs", e.Spec.ID)
		}
	}
}

// Whatever a visitor asks for, a lab starts with what its limits allow. The limits
// leave the defaults as they are.
func TestEveryLabLimitsVisitors(t *testing.T) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, e := range labs.All() {
		most := e.Spec.Defaults()
		for _, l := range e.Spec.Limits {
			k, ok := e.Spec.Knob(l.Knob)
			if err := k.Check(l.Most); !ok || err != nil {
				t.Errorf("%s: a limit of %q: %v", e.Spec.ID, l.Knob, err)
			}
			if k.Max != (lab.Value{}) {
				most[l.Knob] = k.Max
			}
		}
		exp, err := session.Experiment(e, labs.Setup{Settings: most, Guest: true})
		if err != nil {
			t.Fatal(err)
		}
		if cuts := exp.Cuts(e.Spec.Defaults()); len(cuts) > 0 {
			t.Errorf("%s: the defaults are cut: %v", e.Spec.ID, cuts)
		}
		if err := exp.Start(t.Context()); err != nil {
			t.Error(err)
		}
		got := exp.Current().Knobs
		for _, l := range e.Spec.Limits {
			if l.Spares == "" && got[l.Knob] != l.Most {
				t.Errorf("%s: %s is %s, want %s", e.Spec.ID, l.Knob, got[l.Knob], l.Most)
			}
		}
		if err := exp.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

func TestExperimentsHaveTheirOwnNamespaces(t *testing.T) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	entry, ok := labs.All().Find("retry")
	if !ok {
		t.Fatal("no lab retry")
	}
	exp, err := session.Experiment(entry, labs.Setup{Seed: 3, Guest: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := exp.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	if run := exp.Current(); run.Seed != 3 || len(run.Brokers) != 0 {
		t.Errorf("evidence %+v", run)
	}
}
