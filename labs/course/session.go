package course

import (
	"errors"
	"slices"
	"strings"
	"time"

	"resilab/labs/lab"
)

// Stage is how far a student is with a card.
type Stage int

const (
	ToPredict Stage = iota // reads; the prediction is still to come
	ToRunA                 // predicted; run A is to be taken
	ToRunB                 // run A is kept; now the student changes something, once or more
	Passed                 // the check held; it stays passed until the card is restarted
)

// Record is what is kept of a card. It is all there is to know: a Session is
// a record with the card's rules applied.
type Record struct {
	Prediction  string     `json:"prediction,omitempty"`
	PredictedAt *time.Time `json:"predicted_at,omitempty"`
	Hints       int        `json:"hints,omitempty"`  // how many were shown
	Checks      int        `json:"checks,omitempty"` // how often the student asked
	Runs
	PassedAt *time.Time `json:"passed_at,omitempty"`
	// Worked is how long the student has worked at the card before passing it, in
	// all rounds.
	Worked time.Duration `json:"worked,omitempty"`
	// Round counts how often the card was restarted.
	Round int `json:"round,omitempty"`
	// Resets counts how often the card's record was reset.
	Resets uint `json:"resets,omitempty"`
	// Earlier is the record that passed the card before it was restarted.
	Earlier *Record `json:"earlier,omitempty"`
}

// Stage follows from what has been done.
func (r Record) Stage() Stage {
	switch {
	case r.PassedAt != nil:
		return Passed
	case r.Prediction == "":
		return ToPredict
	case r.A == nil:
		return ToRunA
	default:
		return ToRunB
	}
}

// Session is one student at one card.
type Session struct {
	card    *Card
	rec     Record
	touched time.Time // the last key of the student; zero: there was none
}

// NewSession continues from a record; the zero Record starts the card.
func NewSession(card *Card, rec Record) *Session { return &Session{card: card, rec: rec} }

// Card returns the session's card.
func (s *Session) Card() *Card { return s.card }

// Record returns what is to be kept.
func (s *Session) Record() Record { return s.rec }

// Stage returns how far the student is.
func (s *Session) Stage() Stage { return s.rec.Stage() }

// workGap is the longest time between two keys of the student that counts as work.
const workGap = time.Minute

// Touch is called at each key of the student. The time since the last one is work at
// the card, a minute at most, until the card is passed.
func (s *Session) Touch(now time.Time) {
	if !s.touched.IsZero() && s.Stage() != Passed {
		s.rec.Worked += min(max(0, now.Sub(s.touched)), workGap)
	}
	s.touched = now
}

// Errors of steps that come too early or too late.
var (
	ErrPredictFirst = errors.New("the prediction comes before the runs")
	ErrPredicted    = errors.New("the prediction is recorded and stays")
	ErrRunAFirst    = errors.New("run A comes first")
	ErrNotYet       = errors.New("the run does not count yet")
)

// Predict records the prediction. It cannot be changed afterwards.
func (s *Session) Predict(answer string, now time.Time) error {
	if s.Stage() != ToPredict {
		return ErrPredicted
	}
	kept, err := s.card.Predict.Check(answer)
	if err != nil {
		return err
	}
	s.rec.Prediction, s.rec.PredictedAt = kept, &now
	return nil
}

// TakeA keeps a run as run A. Where it does not count yet the error is
// ErrNotYet, and the judgement says why.
func (s *Session) TakeA(run lab.Run) (Judgement, error) {
	if s.Stage() == ToPredict {
		return Judgement{}, ErrPredictFirst
	}
	j := s.card.judgeA(evidence(run))
	if !j.Counts() {
		return j, ErrNotYet
	}
	s.rec.Runs, s.rec.PassedAt = Runs{A: j.run}, nil
	return j, nil
}

// LookA judges a run that might become run A.
func (s *Session) LookA(run lab.Run) Judgement { return s.card.judgeA(evidence(run)) }

// Look judges a run as the next one, without consequence: the live display.
func (s *Session) Look(run lab.Run) Judgement {
	e := evidence(run)
	letter := s.letter(e)
	j := s.card.Judge(s.beside(letter, e)...)
	j.Letter = letter
	return j
}

// letter is where a run is kept: where one with its settings is, else where none
// is yet, else under the last letter.
func (s *Session) letter(run *Evidence) string {
	free, n := 0, s.card.Runs()
	for i, kept := range s.rec.List() {
		switch {
		case i == 0 || i >= n:
		case kept == nil && free == 0:
			free = i
		case kept != nil && n > 2 && s.card.alike(kept, run):
			return Letters[i : i+1]
		}
	}
	if free == 0 {
		free = n - 1
	}
	return Letters[free : free+1]
}

// Repeats reports whether a judged run has the settings of a kept one while
// others are still missing, and returns the letters of the kept run and of the
// next one.
func (s *Session) Repeats(j Judgement) (kept, next string, ok bool) {
	i := strings.Index(Letters, j.Letter)
	runs := s.rec.List()
	free := slices.Index(runs[:s.card.Runs()], nil)
	if j.Letter == "" || free < 0 || runs[i] == nil {
		return "", "", false
	}
	return j.Letter, Letters[free : free+1], s.rec.A != nil
}

// beside lists the kept runs and last the one that is judged, which takes the
// place of the run under its letter.
func (s *Session) beside(letter string, run *Evidence) []*Evidence {
	runs := []*Evidence{s.rec.A}
	for i, kept := range s.rec.List() {
		if i > 0 && kept != nil && Letters[i:i+1] != letter {
			runs = append(runs, kept)
		}
	}
	return append(runs, run)
}

// Kept judges the kept runs again.
func (s *Session) Kept() Judgement {
	runs := s.rec.List()
	i, letter := s.rec.judged()
	j := s.card.Judge(s.beside(letter, runs[i])...)
	j.Letter = letter
	return j
}

// Check judges a run as the next one, keeps it where the card compares several,
// and passes the card if everything holds. A card that is passed stays so.
func (s *Session) Check(run lab.Run, now time.Time) (Judgement, error) {
	switch s.Stage() {
	case ToPredict:
		return Judgement{}, ErrPredictFirst
	case ToRunA:
		return Judgement{}, ErrRunAFirst
	case Passed:
		return s.Kept(), nil
	}
	j := s.Look(run)
	s.rec.Checks++
	full := len(s.beside(j.Letter, j.run)) >= s.card.Runs()
	if j.Passed || j.Kept || full && j.Counts() && s.card.Runs() > 2 {
		s.rec.keep(j.Letter, j.run)
	}
	if j.Passed {
		s.rec.PassedAt = &now
	}
	return j, nil
}

// Outcome compares the prediction with what the kept runs have measured.
func (s *Session) Outcome() Outcome {
	return s.card.Predict.outcome(s.rec.Prediction, s.situation(nil))
}

// situation is what expressions read: run is what the lab does now, or nil.
func (s *Session) situation(run *Evidence) map[string]any {
	if run != nil {
		return situation(s.card.Spec, s.beside(s.letter(run), run)...)
	}
	i, letter := s.rec.judged()
	return situation(s.card.Spec, s.beside(letter, s.rec.List()[i])...)
}

// NextHint shows one hint more, as long as there are any.
func (s *Session) NextHint() bool {
	if s.rec.Hints >= len(s.card.rules.hints) {
		return false
	}
	s.rec.Hints++
	return true
}

// HintVariants returns for each hint shown the variant that suits the situation:
// run is what the lab does now.
func (s *Session) HintVariants(run lab.Run) []int {
	e := evidence(run)
	vars := s.situation(e)
	vars[varTooFew], vars[varChecks] = len(s.card.short(e)) > 0, float64(s.rec.Checks)
	if o := s.card.Predict.outcome(s.rec.Prediction, vars); o.Known && s.rec.Prediction != "" {
		vars[varWrong] = !o.Right
	}
	variants := make([]int, s.rec.Hints)
	for i := range variants {
		variants[i] = s.card.rules.hints[i].variant(vars)
	}
	return variants
}

// Again restarts the card. That hints were used, and that the card was passed, is
// remembered.
func (s *Session) Again() { s.rec = s.rec.again() }
