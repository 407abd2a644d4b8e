package trial

import (
	"context"
	"fmt"
	"strconv"

	"resilab/labs/course"
)

// Lint plays a card with its golden settings under several seeds and reports
// what is wrong: a check that passes at the start, or golden settings that do
// not pass. Cards that need a broker that is not there are not played.
func (p *Player) Lint(ctx context.Context, card *course.Card, seeds int) (wrong []*course.Mistake, err error) {
	for seed := 1; seed <= seeds; seed++ {
		r, err := p.Golden(ctx, card, uint64(seed), Expected(card))
		if err != nil {
			return nil, fmt.Errorf("%s, seed %d: %w", card.ID, seed, err)
		}
		switch {
		case r.AsStart.Passed:
			return append(wrong, card.MistakeAt("check", fmt.Errorf("passes as the card starts, seed %d", seed))), nil
		case !r.Passed:
			return append(wrong, card.MistakeAt("golden", fmt.Errorf("does not pass, seed %d: %s", seed, Failing(r.Last)))), nil
		}
	}
	return nil, nil
}

// Expected is the prediction that the golden settings show to be right.
func Expected(card *course.Card) string {
	if len(card.Predict.Choices) > 0 {
		return card.Predict.Answer
	}
	return strconv.FormatFloat(card.Predict.Usual, 'f', -1, 64)
}

// Failing writes the first condition of a judgement that does not hold.
func Failing(j course.Judgement) string {
	for _, c := range j.Conditions {
		if !c.Holds {
			return fmt.Sprintf("%s (%.4g %s %.4g)", c.Source, c.Left.Value, c.Op, c.Right.Value)
		}
	}
	return fmt.Sprintf("samples missing %v, knobs changed %v", j.Short, j.Changed)
}
