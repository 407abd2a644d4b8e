package course

import "strings"

// MaxRuns is how many runs a card may compare.
const MaxRuns = 4

// Letters name the runs of a card.
const Letters = "abcd"

// Runs are the kept runs of a card by their letters; nil for those that are
// missing.
type Runs struct {
	A    *Evidence `json:"a,omitempty"`
	B    *Evidence `json:"b,omitempty"`
	C    *Evidence `json:"c,omitempty"`
	D    *Evidence `json:"d,omitempty"`
	Last string    `json:"last,omitempty"` // the letter of the run that was judged last
}

// List returns the runs in the order of their letters.
func (r Runs) List() [MaxRuns]*Evidence { return [...]*Evidence{r.A, r.B, r.C, r.D} }

// keep puts a run under its letter.
func (r *Runs) keep(letter string, run *Evidence) {
	*map[string]**Evidence{"a": &r.A, "b": &r.B, "c": &r.C, "d": &r.D}[letter] = run
	r.Last = letter
}

// judged returns the place and the letter of the run that was judged last.
func (r Runs) judged() (i int, letter string) {
	i = max(1, strings.Index(Letters, r.Last))
	return i, Letters[i : i+1]
}
