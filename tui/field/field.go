// Package field is one line of text being typed: bubbles' textinput without its
// clipboard (over SSH it would be the server's), without a blinking cursor (only
// the root has a clock), and drawn with the session's theme.
package field

import (
	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Most is how many characters a field takes.
const Most = 64

// Field is a line being typed. The zero value is closed.
type Field struct {
	input textinput.Model
	open  bool
	// Accepts reports whether a character may be typed; nil accepts all.
	Accepts func(r rune) bool
}

// Open begins typing with an initial text.
func (f *Field) Open(text string) {
	f.input = textinput.New()
	f.input.CharLimit = Most
	f.input.KeyMap.Paste = key.NewBinding()
	f.input.Cursor.SetMode(cursor.CursorStatic)
	f.input.Focus()
	f.input.SetValue(text)
	f.input.CursorEnd()
	f.open = true
}

// Close ends typing. The text stays readable.
func (f *Field) Close() { f.open = false }

// IsOpen reports whether the field takes keys.
func (f *Field) IsOpen() bool { return f.open }

// Text returns what has been typed.
func (f *Field) Text() string { return f.input.Value() }

// Clear closes the field and removes its text.
func (f *Field) Clear() { *f = Field{Accepts: f.Accepts} }

// Update takes a key and reports whether the text has changed.
func (f *Field) Update(msg tea.KeyMsg) (changed bool) {
	if !f.open || msg.Alt && msg.Type == tea.KeyRunes && !movesByWord(msg) {
		return false
	}
	if f.Accepts != nil && (msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace) {
		kept := msg.Runes[:0:0]
		for _, r := range msg.Runes {
			if f.Accepts(r) {
				kept = append(kept, r)
			}
		}
		msg.Runes, msg.Type = kept, tea.KeyRunes
	}
	before := f.input.Value()
	f.input, _ = f.input.Update(msg)
	return f.input.Value() != before
}

// movesByWord reports whether a key with alt edits instead of writing.
func movesByWord(msg tea.KeyMsg) bool {
	switch msg.String() {
	case "alt+b", "alt+f", "alt+d":
		return true
	}
	return false
}

// Draw writes the text and, while it is being typed, the cursor. A text that is
// longer than w cells shows the part around the cursor.
func (f *Field) Draw(l *widget.Line, text, caret theme.Style, w int) *widget.Line {
	runes, at := []rune(f.Text()), f.input.Position()
	room := max(1, min(w, l.Left())-1)
	from := max(0, at-room)
	to := min(len(runes), from+room)
	if !f.open {
		return l.Put(text, string(runes[from:to]))
	}
	under := " "
	if at < to {
		under = string(runes[at])
	}
	l.Put(text, string(runes[from:at])).Put(caret, under)
	if at < to {
		l.Put(text, string(runes[at+1:to]))
	}
	return l
}
