package course

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

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
	book, all, err := read(fsys, specs)
	if err != nil {
		return nil, err
	}
	return book, joined(all)
}

// read reads all cards of a folder, and what is wrong in them.
func read(fsys fs.FS, specs []*lab.Spec) (*Book, []*Mistake, error) {
	files, err := cardFiles(fsys)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the cards: %w", err)
	}
	ids := cardIDs(files)
	cards, wrong := make([]*Card, len(ids)), make([][]*Mistake, len(ids))
	f := &folder{files: fsys, specs: specs, names: map[spokenLab]Names{}}
	var readers errgroup.Group
	readers.SetLimit(runtime.GOMAXPROCS(0))
	for i, id := range ids {
		readers.Go(func() error {
			cards[i], wrong[i] = f.loadCard(id)
			return nil
		})
	}
	_ = readers.Wait() // mistakes in cards are not errors of reading
	b := &Book{cards: slices.DeleteFunc(cards, func(c *Card) bool { return c == nil })}
	all := slices.Concat(wrong...)
	slices.SortFunc(b.cards, order(specs))
	return b, all, nil
}

// cardIDs returns the ids of the cards among the files of a folder.
func cardIDs(files []string) (ids []string) {
	for _, file := range files {
		if id, isCard := strings.CutSuffix(file, ".yaml"); isCard {
			ids = append(ids, id)
		}
	}
	return ids
}

// Lint reads a folder of cards and returns what is wrong in it, in the order of
// files and lines. The error is about reading the folder itself.
func Lint(fsys fs.FS, specs ...*lab.Spec) (*Book, []*Mistake, error) {
	book, all, err := read(fsys, specs)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range book.cards {
		all = append(all, c.idleHints()...)
	}
	slices.SortFunc(all, func(a, b *Mistake) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return book, all, nil
}

// LoadFolder reads a teacher's cards. Beside the course's own cards those with
// the same id take their place.
func LoadFolder(fsys fs.FS, alone bool, specs ...*lab.Spec) (*Book, error) {
	book, err := load(fsys, specs)
	if err != nil || alone {
		return book, err
	}
	builtIn, err := Load(specs...)
	if err != nil {
		return nil, err
	}
	for _, c := range builtIn.cards {
		if _, replaced := book.Find(c.ID); !replaced {
			book.cards = append(book.cards, c)
		}
	}
	slices.SortFunc(book.cards, order(specs))
	return book, nil
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
