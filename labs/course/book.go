package course

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"resilab/labs/lab"
)

//go:embed content
var content embed.FS

// Book is all cards, in the order of the course.
type Book struct{ cards []*Card }

// Load reads the course's cards and checks them against their labs' Specs.
func Load(specs ...*lab.Spec) (*Book, error) {
	fsys, err := fs.Sub(content, "content")
	if err != nil {
		return nil, err
	}
	return load(fsys, specs)
}

func load(fsys fs.FS, specs []*lab.Spec) (*Book, error) {
	find := func(id string) *lab.Spec {
		i := slices.IndexFunc(specs, func(s *lab.Spec) bool { return s.ID == id })
		if i < 0 {
			return nil
		}
		return specs[i]
	}
	files, err := fs.Glob(fsys, "cards/*.yaml")
	if err != nil {
		return nil, err
	}
	b := &Book{}
	var errs []error
	for _, file := range files {
		id := strings.TrimSuffix(path.Base(file), ".yaml")
		card, err := loadCard(fsys, id, find)
		if err != nil {
			errs = append(errs, fmt.Errorf("course card %s: %w", id, err))
			continue
		}
		b.cards = append(b.cards, card)
	}
	slices.SortFunc(b.cards, order(specs))
	return b, errors.Join(errs...)
}

// order sorts by lab, as the labs are given, then by number: C2 before C10.
func order(specs []*lab.Spec) func(a, b *Card) int {
	rank := func(c *Card) int { return slices.Index(specs, c.Spec) }
	return func(a, b *Card) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		if d := len(a.ID) - len(b.ID); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	}
}

// Cards returns all cards.
func (b *Book) Cards() []*Card { return slices.Clone(b.cards) }

// Of returns the cards of one lab.
func (b *Book) Of(labID string) (cards []*Card) {
	for _, c := range b.cards {
		if c.Spec.ID == labID {
			cards = append(cards, c)
		}
	}
	return cards
}

// Find returns a card by its id, in upper or lower case.
func (b *Book) Find(id string) (*Card, bool) {
	i := slices.IndexFunc(b.cards, func(c *Card) bool { return strings.EqualFold(c.ID, id) })
	if i < 0 {
		return nil, false
	}
	return b.cards[i], true
}

// IDs lists the ids of all cards.
func (b *Book) IDs() (ids []string) {
	for _, c := range b.cards {
		ids = append(ids, c.ID)
	}
	return ids
}
