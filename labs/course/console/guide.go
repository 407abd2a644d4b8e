package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/muesli/cancelreader"

	"resilab/labs/course"
	"resilab/labs/lab"
)

const (
	pollEvery   = 50 * time.Millisecond
	stopTimeout = 5 * time.Second
)

// Guide leads through one card in lines: question, prediction, run A, a
// change, run B, outcome.
type Guide struct {
	Printer
	In  io.Reader
	Now func() time.Time
	// Open makes an experiment of a lab that is not started yet. Every call
	// gives it the same seed.
	Open func(labID string, settings lab.Settings) (*lab.Experiment, error)
}

// guided is one walk through a card.
type guided struct {
	*Guide
	card    *course.Card
	session *course.Session
	exp     *lab.Experiment
	lines   *bufio.Scanner
	judged  lab.Settings // of the run that was judged last
}

// errLeave is returned when the student leaves the guide.
var errLeave = errors.New("the student leaves")

// Run leads through the card, and goes on where the student left it. It ends
// when the card is passed, the input ends, the student leaves, or ctx ends. It is
// an error that ctx ended, or that the progress could not be kept.
func (g *Guide) Run(ctx context.Context, id string) error {
	c, err := g.Printer.card(id)
	if err != nil {
		return err
	}
	in, release := cancellable(ctx, g.In)
	defer release()
	w := &guided{Guide: g, card: c, session: course.NewSession(c, g.Store.Record(c.ID)), lines: bufio.NewScanner(in)}
	err = w.walk(ctx)
	if errors.Is(err, errLeave) || errors.Is(err, io.EOF) {
		w.leave()
		err = nil
	}
	return errors.Join(err, g.Store.Err())
}

// cancellable returns in, whose reads end with ctx where the system allows it.
func cancellable(ctx context.Context, in io.Reader) (io.Reader, func()) {
	r, err := cancelreader.NewReader(in)
	if err != nil {
		return in, func() {} // reading a file never blocks
	}
	stop := context.AfterFunc(ctx, func() { r.Cancel() })
	return r, func() {
		stop()
		_ = r.Close()
	}
}

// leave says whether the progress is kept.
func (w *guided) leave() {
	if w.Store.Err() != nil {
		w.say("course.plain.bye_lost")
		return
	}
	w.say("course.plain.bye")
}

func (w *guided) walk(ctx context.Context) (err error) {
	words := w.card.Words(w.Text.Lang())
	w.line(w.card.ID + " · " + words.Title)
	w.line(words.Question)
	if w.session.Stage() == course.Passed {
		w.outcome()
		return nil
	}
	if err := w.predict(ctx); err != nil {
		return err
	}
	if w.exp, err = w.Open(w.card.Spec.ID, w.card.Start); err != nil {
		return err
	}
	defer func() {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err = errors.Join(err, w.exp.Stop(stopCtx))
	}()
	if err := w.exp.Start(ctx); err != nil {
		return err
	}
	if err := w.runA(ctx); err != nil {
		return err
	}
	return w.change(ctx)
}

// ask reads one line that is not empty.
func (w *guided) ask(ctx context.Context) (string, error) {
	for w.lines.Scan() {
		w.session.Touch(w.Now())
		if answer := strings.TrimSpace(w.lines.Text()); answer != "" {
			return answer, nil
		}
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err := w.lines.Err(); err != nil {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	return "", io.EOF
}

func (w *guided) save() {
	if err := w.Store.Save(w.card.ID, w.session.Record()); err != nil {
		w.say("course.not_saved", err.Error())
	}
}

// predict asks for the prediction until there is one.
func (w *guided) predict(ctx context.Context) error {
	if w.session.Stage() != course.ToPredict {
		w.say("course.predicted", w.card.Answer(w.Text.Lang(), w.session.Record().Prediction))
		return nil
	}
	words, p := w.card.Words(w.Text.Lang()), w.card.Predict
	w.line(words.Ask)
	if margin := w.card.Margin(w.Text); margin != "" {
		w.line(margin)
	}
	for i, choice := range p.Choices {
		w.line(fmt.Sprintf("  %d. %s", i+1, words.Choices[choice]))
	}
	for {
		if len(p.Choices) > 0 {
			w.say("course.plain.predict_choice", len(p.Choices))
		} else {
			w.say("course.plain.predict_number", p.Min, p.Max, p.Unit)
		}
		answer, err := w.ask(ctx)
		if err != nil {
			return err
		}
		if w.is(answer, "quit") {
			return errLeave
		}
		if w.session.Predict(w.chosen(answer), w.Now()) == nil {
			w.save()
			return nil
		}
		if len(p.Choices) > 0 {
			w.say("course.plain.choose", len(p.Choices))
		} else {
			w.say("course.no_prediction", p.Min, p.Max)
		}
	}
}

// chosen turns a choice's number into the choice.
func (w *guided) chosen(answer string) string {
	choices := w.card.Predict.Choices
	if len(choices) == 0 {
		return answer
	}
	n, err := strconv.Atoi(strings.TrimSuffix(answer, "."))
	if err != nil || n < 1 || n > len(choices) {
		return ""
	}
	return choices[n-1]
}

// runA measures run A. It is measured again if the kept one was made with another
// seed or on another broker.
func (w *guided) runA(ctx context.Context) error {
	if j := w.session.Look(w.exp.Current()); w.session.Record().A != nil && !j.OtherSeed && !j.OtherWorld {
		return nil
	}
	w.say("course.plain.run_a")
	run, err := w.measure(ctx)
	if err != nil {
		return err
	}
	if _, err := w.session.TakeA(run); err != nil {
		return fmt.Errorf("keeping run A: %w", err)
	}
	w.save()
	w.say("course.plain.kept_a")
	said := map[string]bool{} // a rule may name a metric of A and of B
	for _, cond := range w.session.Look(run).Conditions {
		if m, ok := w.card.Spec.Metric(cond.Left.Metric); ok && !said[m.ID] {
			said[m.ID] = true
			w.say("course.plain.figure", w.card.Names(w.Text).Metric(m.ID), m.Format.Write(run.Metrics[m.ID]))
		}
	}
	return nil
}

// measure lets the lab run until it has the samples that the card asks for.
func (w *guided) measure(ctx context.Context) (lab.Run, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	said := -1
	trouble := ""
	for {
		settled := w.exp.Settled() // first: what settles later may have been measured before
		run := w.exp.Current()
		done, quarter := w.progress(run)
		if settled && done {
			return run, nil
		}
		if settled && quarter > said {
			said = quarter
			w.sayProgress(run)
		}
		trouble = w.sayTrouble(trouble)
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case <-tick.C:
		}
	}
}

// progress reports whether a run has its samples, and how many quarters of them.
func (w *guided) progress(run lab.Run) (done bool, quarter int) {
	least := 1.0
	for _, s := range w.card.Samples {
		least = min(least, run.Metrics[s.Metric]/s.Min)
	}
	return least >= 1, int(least * 4)
}

func (w *guided) sayProgress(run lab.Run) {
	var parts []string
	for _, s := range w.card.Samples {
		parts = append(parts, w.Text.T("course.plain.measuring", w.card.Names(w.Text).Metric(s.Metric), min(run.Metrics[s.Metric], s.Min), s.Min))
	}
	w.line("  " + strings.Join(parts, ", "))
}

// sayTrouble says what is wrong with the lab, once.
func (w *guided) sayTrouble(before string) string {
	now := ""
	if _, err := w.exp.Phase(); err != nil {
		now = err.Error()
	}
	if snap := w.exp.Snapshot(); snap != nil && len(snap.Troubles) > 0 {
		now = w.Text.T(snap.Troubles[0].Key, snap.Troubles[0].Args...)
	}
	if now != "" && now != before {
		w.say("course.plain.trouble", now)
	}
	return now
}

// outcome says how it ended and why.
func (w *guided) outcome() {
	words, rec, lang := w.card.Words(w.Text.Lang()), w.session.Record(), w.Text.Lang()
	w.say("course.plain.passed")
	if o := w.session.Outcome(); o.Known && o.Right {
		w.say("course.was_right", w.card.Answer(lang, rec.Prediction))
	} else if o.Known {
		w.say("course.was_wrong", w.card.Answer(lang, rec.Prediction), w.card.Answer(lang, o.Truth))
	}
	w.line(words.Outcome)
	w.say("course.belief", words.Belief)
	w.say("course.look", words.Look)
	if link := w.card.Link; link.URL != "" {
		w.say("course.read", link.Title, link.URL)
	}
	w.say("course.think", words.Think)
}
