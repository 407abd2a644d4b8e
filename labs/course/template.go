package course

import (
	"fmt"
	"regexp"
	"strings"

	"resilab/labs/i18n"
)

var (
	idLine    = regexp.MustCompile(`(?m)^id: .*$`)
	afterLine = regexp.MustCompile(`(?m)^after: .*\n`)
	cardName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,15}$`)
)

// Template returns the files of a new card by their paths. It is the opening card
// of the lab under another id: valid, and failing as it starts.
func (b *Book) Template(id, labID string) (files map[string][]byte, err error) {
	if !cardName.MatchString(id) {
		return nil, fmt.Errorf("%q is no id of a card: a letter, then letters, digits or -; at most 16", id)
	}
	if c, taken := b.Find(id); taken {
		return nil, fmt.Errorf("there is a card %s already", c.ID)
	}
	cards := b.Of(labID)
	if len(cards) == 0 {
		return nil, fmt.Errorf("the lab %q has no card to begin with", labID)
	}
	files = map[string][]byte{}
	for _, folder := range append([]string{"cards"}, langs()...) {
		data, err := content.ReadFile("content/" + folder + "/" + cards[0].ID + ".yaml")
		if err != nil {
			return nil, err
		}
		if folder == "cards" {
			data = afterLine.ReplaceAll(idLine.ReplaceAll(data, []byte("id: "+id)), nil)
		}
		files[folder+"/"+id+".yaml"] = data
	}
	return files, nil
}

func langs() (names []string) {
	for _, l := range i18n.Langs() {
		names = append(names, strings.ToLower(string(l)))
	}
	return names
}
