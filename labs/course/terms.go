package course

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"resilab/labs/i18n"
)

// termsFile lists technical terms: for each language the wordings of one term, the
// usual one first.
//
//go:embed terms.yaml
var termsFile []byte

// Term is a technical term in the words of a card and its usual wording in the
// other language.
type Term struct{ Here, There string }

// Terms returns the technical terms in the card's words in one language, in
// alphabetical order. Terms that are the same in both languages are left out.
func (c *Card) Terms(lang i18n.Lang) ([]Term, error) {
	var all []map[i18n.Lang][]string
	if err := yaml.Unmarshal(termsFile, &all); err != nil {
		return nil, fmt.Errorf("reading the technical terms: %w", err)
	}
	there := otherLanguage(lang)
	text := strings.ToLower(strings.Join(c.words[lang].all(), "\n"))
	var found []Term
	for _, term := range all {
		for _, wording := range term[lang] {
			if !strings.EqualFold(wording, term[there][0]) && hasWord(text, strings.ToLower(wording)) {
				found = append(found, Term{Here: wording, There: term[there][0]})
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b Term) int { return strings.Compare(a.Here, b.Here) })
	return found, nil
}

// otherLanguage returns the first language that is not this one.
func otherLanguage(lang i18n.Lang) i18n.Lang {
	for _, l := range i18n.Langs() {
		if l != lang {
			return l
		}
	}
	return lang
}

// all lists the texts of a card.
func (w Words) all() []string {
	texts := []string{w.Title, w.Question, w.Belief, w.Ask, w.Outcome, w.Look, w.Think}
	for _, variants := range w.Hints {
		texts = append(texts, variants...)
	}
	for _, choice := range w.Choices {
		texts = append(texts, choice)
	}
	return texts
}

// hasWord reports whether a word stands in a text by itself, not as a part of
// another word.
func hasWord(text, word string) bool {
	for {
		i := strings.Index(text, word)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		text = text[i+len(word):]
	}
}
