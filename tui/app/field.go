package app

import (
	"strings"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
)

// inputMost bounds what can be typed or pasted into a field.
const inputMost = 64

// field is a line of text being typed.
type field struct{ text string }

// key takes one key and tells whether it was text or editing.
func (in *field) key(msg tea.KeyMsg) bool {
	runes := []rune(in.text)
	switch msg.String() {
	case "backspace", "ctrl+h":
		runes = runes[:max(0, len(runes)-1)]
	case "ctrl+u":
		runes = nil
	case "ctrl+w":
		cut := strings.TrimRightFunc(in.text, unicode.IsSpace)
		runes = []rune(cut[:strings.LastIndexFunc(cut, unicode.IsSpace)+1])
	default:
		if msg.Type != tea.KeyRunes && msg.Type != tea.KeySpace || msg.Alt {
			return false
		}
		for _, r := range msg.Runes {
			if unicode.IsPrint(r) && len(runes) < inputMost {
				runes = append(runes, r)
			}
		}
	}
	in.text = string(runes)
	return true
}
