package console

import (
	"context"
	"maps"
	"slices"
	"strings"

	"resilab/labs/course"
	"resilab/labs/lab"
)

// change takes commands until the card is passed: change a setting, measure, ask
// for a hint.
func (w *guided) change(ctx context.Context) error {
	w.say("course.plain.change", w.card.Names(w.Text).Knobs(w.card.Opens...))
	w.settings()
	w.say("course.plain.commands")
	for {
		typed, err := w.ask(ctx)
		if err != nil {
			return err
		}
		switch id, value, isTurn := strings.Cut(typed, "="); {
		case isTurn:
			w.turn(strings.TrimSpace(id), strings.TrimSpace(value))
		case w.is(typed, "run"):
			passed, err := w.runB(ctx)
			if passed || err != nil {
				return err
			}
		case w.is(typed, "settings"):
			w.settings()
		case w.is(typed, "hint"):
			w.hint()
		case w.is(typed, "terms"):
			if err := w.terms(); err != nil {
				return err
			}
		case w.is(typed, "quit"):
			return errLeave
		default:
			w.say("course.plain.what", typed)
			w.say("course.plain.commands")
		}
	}
}

// is reports whether a command is the word of the catalogue, or its English one,
// which is the same in every language.
func (w *guided) is(typed, word string) bool {
	return strings.EqualFold(typed, word) || strings.EqualFold(typed, w.Text.T("course.plain.word."+word))
}

// settings writes the open knobs with their values and what they take.
func (w *guided) settings() {
	now := w.exp.Settings()
	for _, id := range w.card.Opens {
		k, _ := w.card.Spec.Knob(id)
		w.say("course.plain.knob", id, now[id].String(), w.card.Names(w.Text).Knobs(id), k.Allowed())
	}
}

// turn turns an open knob.
func (w *guided) turn(id, value string) {
	k, ok := w.card.Spec.Knob(id)
	if !ok || !slices.Contains(w.card.Opens, id) {
		w.say("course.plain.closed", id, strings.Join(w.card.Opens, "|"))
		return
	}
	v, err := k.Parse(value)
	if err != nil {
		w.say("course.plain.value", id, value, k.Allowed())
		return
	}
	was := w.exp.Settings()[id]
	if err := w.exp.Set(id, v); err != nil {
		w.say("course.plain.value", id, value, k.Allowed())
		return
	}
	w.say("course.plain.turned", w.card.Names(w.Text).Knobs(id), w.value(k, was), w.value(k, v))
}

// value writes a knob's value as a person reads it.
func (w *guided) value(k lab.Knob, v lab.Value) string {
	if key := w.card.Spec.ID + ".choice." + k.ID + "." + v.Text(); k.Kind == lab.Choice && w.Text.Has(key) {
		return w.Text.T(key)
	}
	if k.Kind == lab.Bool {
		return w.Text.T("course.plain.switch." + v.String())
	}
	return v.String() + k.Unit
}

// runB measures with the present settings, from the beginning if they were judged
// already, and judges the run.
func (w *guided) runB(ctx context.Context) (passed bool, err error) {
	if now := w.exp.Settings(); maps.Equal(now, w.judged) {
		w.exp.Restart()
	} else {
		w.judged = now
	}
	run, err := w.measure(ctx)
	if err != nil {
		return false, err
	}
	j, err := w.session.Check(run, w.Now())
	if err != nil {
		return false, err
	}
	w.save()
	w.tell(w.card, j, w.session.Record().A)
	if j.Kept && !j.Passed {
		next := strings.Index(course.Letters, j.Letter) + 1
		w.say("course.kept", strings.ToUpper(j.Letter), strings.ToUpper(course.Letters[next:next+1]))
		return false, nil
	}
	if !j.Passed {
		w.say("course.plain.not_yet")
		return false, nil
	}
	w.outcome()
	return true, nil
}

// hint shows one hint more; the last one again when there are no more.
func (w *guided) hint() {
	if !w.session.NextHint() {
		w.say("course.plain.no_more_hints")
	}
	w.save()
	variants := w.session.HintVariants(w.exp.Current())
	n := len(variants)
	w.say("course.hint", n, w.card.Words(w.Text.Lang()).Hints[n-1][variants[n-1]])
}

// terms writes the technical terms of the card in the other language.
func (w *guided) terms() error {
	terms, err := w.card.Terms(w.Text.Lang())
	for _, t := range terms {
		w.say("course.plain.term", t.Here, t.There)
	}
	return err
}
