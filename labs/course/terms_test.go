package course_test

import (
	"slices"
	"strings"
	"testing"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// Every card has technical terms in both languages, and each of them stands in its
// words.
func TestTermsOfTheCards(t *testing.T) {
	for _, card := range loadBook(t).Cards() {
		for _, lang := range i18n.Langs() {
			terms, err := card.Terms(lang)
			if err != nil {
				t.Fatal(err)
			}
			if len(terms) == 0 {
				t.Errorf("%s %s has no technical term", card.ID, lang)
			}
			for _, term := range terms {
				if term.There == "" || strings.EqualFold(term.Here, term.There) {
					t.Errorf("%s %s: %q is translated as %q", card.ID, lang, term.Here, term.There)
				}
			}
		}
	}
	r0, _ := loadBook(t).Find("R0")
	terms, err := r0.Terms(i18n.Spanish)
	if err != nil || !slices.Contains(terms, course.Term{Here: "reintento", There: "retry"}) {
		t.Errorf("R0 in Spanish: %v, %v", terms, err)
	}
}
