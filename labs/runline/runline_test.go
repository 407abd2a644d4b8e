package runline_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs"
	"resilab/labs/lab"
	"resilab/labs/runline"
)

func specs() []*lab.Spec { return labs.All().Specs() }

func parse(t *testing.T, line string) runline.Line {
	t.Helper()
	l, err := runline.Parse(line, specs())
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return l
}

// drawValue draws a value that a knob takes.
func drawValue(t *rapid.T, k lab.Knob) lab.Value {
	switch k.Kind {
	case lab.Int:
		return lab.IntValue(rapid.IntRange(k.Min.Int(), k.Max.Int()).Draw(t, k.ID))
	case lab.Float:
		return lab.FloatValue(rapid.Float64Range(k.Min.Float(), k.Max.Float()).Draw(t, k.ID))
	case lab.Fraction:
		return lab.FractionValue(rapid.Float64Range(k.Min.Float(), k.Max.Float()).Draw(t, k.ID))
	case lab.Duration:
		return lab.DurationValue(time.Duration(rapid.Int64Range(int64(k.Min.Duration()), int64(k.Max.Duration())).Draw(t, k.ID)))
	case lab.Choice:
		return lab.ChoiceValue(rapid.SampledFrom(k.Choices).Draw(t, k.ID))
	default:
		return lab.BoolValue(rapid.Bool().Draw(t, k.ID))
	}
}

// drawSettings turns some knobs as a person does, one after another.
func drawSettings(t *rapid.T, spec *lab.Spec, from lab.Settings) lab.Settings {
	knobs := slices.DeleteFunc(slices.Clone(spec.Knobs), func(k lab.Knob) bool { return k.Setup })
	for range rapid.IntRange(0, 12).Draw(t, "turns") {
		k := rapid.SampledFrom(knobs).Draw(t, "knob")
		if next := spec.Turn(from, k.ID, drawValue(t, k)); spec.Check(next) == nil {
			from = next
		}
	}
	return from
}

// Whatever a person has turned, the line says it, and no more than it must.
func TestALineIsReadAsItWasWritten(t *testing.T) {
	for _, spec := range specs() {
		t.Run(spec.ID, rapid.MakeCheck(func(t *rapid.T) {
			want := runline.Line{Spec: spec, Seed: rapid.Uint64Range(0, 1<<31-1).Draw(t, "seed")}
			want.A = drawSettings(t, spec, spec.Defaults())
			if rapid.Bool().Draw(t, "B") {
				want.B = drawSettings(t, spec, want.A)
			}
			line := want.String()
			got, err := runline.Parse(line, specs())
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if got.Spec.ID != spec.ID || got.Seed != want.Seed || !maps.Equal(got.A, want.A) || !maps.Equal(got.B, want.B) || (got.B == nil) != (want.B == nil) {
				t.Fatalf("%s is read as %s", line, got)
			}
			if again := got.String(); again != line {
				t.Fatalf("%s is written as %s the second time", line, again)
			}
		}))
	}
}

func TestOnlyDifferencesAreWritten(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"retry", "retry"},
		{" retry?seed=1 ", "retry"},
		{"retry?retries=3&jitter=full", "retry"},
		{"retry?jitter=none&retries=5&seed=7", "retry?retries=5&jitter=none&seed=7"},
		{"retry?failure-rate=18%25", "retry"},
		{"retry?failure-rate=0.123456789", "retry?failure-rate=0.123456789"},
		{"retry?base=0.0012345678s", "retry?base=1.234567ms"},
		{"retry?base=500us", "retry?base=500µs"},
		{"retry?preset=polly", "retry?preset=polly"},
		{"retry?seed=7&b.jitter=none", "retry?seed=7&b.jitter=none"},
		{"retry?b.", "retry?b."},
		{"retry?b.retries=3", "retry?b."},
		{"retry?retries=5&b.retries=3", "retry?retries=5&b.retries=3"},
		{"convoy?lanes=2", "convoy?lanes=2"},
		{"cacheaside?ttl=5s&b.ttl-jitter=0.2", "cacheaside?ttl=5s&b.ttl-jitter=0.2"},
	} {
		if got := parse(t, tc.in).String(); got != tc.want {
			t.Errorf("%s is written as %s, want %s", tc.in, got, tc.want)
		}
	}
}

// A line without settings of B has no B, and one whose settings are those of A has.
func TestBIsThereWhereItIsNamed(t *testing.T) {
	if l := parse(t, "retry?retries=5"); l.B != nil {
		t.Errorf("B is %v", l.B)
	}
	l := parse(t, "retry?retries=5&b.")
	if !maps.Equal(l.A, l.B) || l.B.Int("retries") != 5 {
		t.Errorf("A %v, B %v", l.A, l.B)
	}
}

// What a person's machine is asked for is no part of a run.
func TestSetupKnobsAreLeftOut(t *testing.T) {
	for _, spec := range specs() {
		for _, k := range spec.Knobs {
			if !k.Setup {
				continue
			}
			l := runline.Line{Spec: spec, Seed: 1, A: spec.Defaults().With(k.ID, lab.TextValue("elsewhere"))}
			if got := l.String(); got != spec.ID {
				t.Errorf("%s of %s is written: %s", k.ID, spec.ID, got)
			}
			_, err := runline.Parse(spec.ID+"?"+k.ID+"=elsewhere", specs())
			if unknown := new(runline.UnknownError); !errors.As(err, &unknown) {
				t.Errorf("%s of %s is read: %v", k.ID, spec.ID, err)
			}
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"", `lab: "" is not allowed (retry|convoy|cacheaside)`},
		{"saga?x=1", `lab: "saga" is not allowed (retry|convoy|cacheaside)`},
		{"retry?colour=red&retries=4&b.speed=2", "the lab retry has no setting colour, b.speed"},
		{"retry?retries=101", `retries: "101" is not allowed (0..100)`},
		{"retry?b.retries=x", `retries: "x" is not allowed (0..100)`},
		{"retry?seed=-1", `seed: "-1" is not allowed (0..2147483647)`},
		{"retry?seed=2147483648", `seed: "2147483648" is not allowed (0..2147483647)`},
		{"retry?retries", `"retries" is not of the form setting=value`},
		{"retry?=5", `"=5" is not of the form setting=value`},
		{"retry?retries=5&", `"" is not of the form setting=value`},
		{"retry?retries=%zz", `"retries=%zz" is not of the form setting=value`},
		{"retry?retries=5&retries=6", `"retries" is set twice`},
	} {
		_, err := runline.Parse(tc.line, specs())
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", tc.line, err, tc.want)
		}
	}
	if _, err := runline.Parse("retry?base=2s&cap=1s", specs()); err == nil || !strings.Contains(err.Error(), "cap") {
		t.Errorf("a cap below the base: %v", err)
	}
}

// Whatever is read can be written and read again, and is allowed.
func FuzzParse(f *testing.F) {
	for _, line := range []string{"retry", "retry?retries=5&jitter=full&seed=7", "convoy?lanes=2&b.prefetch=50", "cacheaside?ttl=5s&b.", "retry?failure-rate=1e-3", "retry?%=&&b.b.=", "?"} {
		f.Add(line)
	}
	all := specs()
	f.Fuzz(func(t *testing.T, line string) {
		l, err := runline.Parse(line, all)
		if err != nil {
			return
		}
		if err := l.Spec.Check(l.A); err != nil {
			t.Fatal(err)
		}
		again, err := runline.Parse(l.String(), all)
		if err != nil || again.Seed != l.Seed || !maps.Equal(again.A, l.A) || !maps.Equal(again.B, l.B) {
			t.Fatalf("%q is written as %q and read as %q (%v)", line, l, again, err)
		}
	})
}
