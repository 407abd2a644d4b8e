package course

import (
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Card is one experiment. It is immutable.
type Card struct {
	ID    string
	Spec  *lab.Spec // of its lab
	Core  bool      // part of the core course; else a challenge
	After []string  // cards that prepare for this one; they lock nothing
	Plan
	Predict  Prediction
	Link     Link     // where to read on
	Measured Measured // the figures that its limits were derived from

	rules  rules
	words  map[i18n.Lang]Words
	source []byte // of its file, for the lines of mistakes
}

// Link is a page to read after a card.
type Link struct {
	Title string `yaml:"title"`
	URL   string `yaml:"url"`
}

// Words are a card's texts in one language.
type Words struct {
	Title    string
	Question string
	Belief   string            // the belief that the experiment breaks
	Ask      string            // what is to be predicted
	Choices  map[string]string // of a prediction by choice
	Hints    [][]string        // of every hint its variants; the last suits any situation
	Outcome  string            // why it turned out as it did
	Look     string            // which figure on the screen shows it
	Think    string            // a question that is left open
}

// mistake is what is wrong at a field of the card's file.
func (c *Card) mistake(field, format string, args ...any) *Mistake {
	m := mistakes{file: "cards/" + c.ID + ".yaml", text: c.source}
	m.addf(field, format, args...)
	return m.all[0]
}

// MistakeAt returns what is wrong at the field check or golden of the card's file.
func (c *Card) MistakeAt(field string, err error) *Mistake { return c.mistake(field, "%w", err) }

// Words returns the card's texts.
func (c *Card) Words(lang i18n.Lang) Words { return c.words[lang] }

// Hints is how many hints the card has.
func (c *Card) Hints() int { return len(c.rules.hints) }

// Figures lists the metrics that the card's check reads, in the order in which
// they are named.
func (c *Card) Figures() []lab.Metric { return c.rules.figures(c.Spec) }
