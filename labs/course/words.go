package course

import (
	"embed"
	"strings"

	"resilab/labs/i18n"
)

// Texts holds the course's part of the catalogue: the words that the screen
// and the command line tell a card in.
//
//go:embed es.yaml en.yaml
var Texts embed.FS

// Answer is a kept prediction in words.
func (c *Card) Answer(lang i18n.Lang, kept string) string {
	if words, ok := c.words[lang].Choices[kept]; ok {
		return words
	}
	return strings.TrimSpace(kept + " " + c.Predict.Unit)
}

// Margin says how far off a predicted number may be; it is empty where the
// prediction is a choice.
func (c *Card) Margin(text *i18n.Catalogue) string {
	if len(c.Predict.Choices) > 0 {
		return ""
	}
	return text.T("course.margin", c.Predict.Tolerance, c.Predict.Unit)
}
