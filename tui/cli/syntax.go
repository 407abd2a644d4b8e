package cli

import (
	"strings"

	"resilab/labs/lab"
)

// syntax is what can follow some words of a command line. Completions and the
// manual page are made from it.
type syntax struct {
	path    []string // the words after resilab
	command command
	lab     string // id of the lab among the words; empty: none
	words   []describedWord
	flags   []lab.Knob
}

// describedWord is a word that can come next.
type describedWord struct{ word, about string }

// at is the path in one string.
func (x syntax) at() string { return strings.Join(x.path, " ") }

// syntaxes lists what can follow each prefix of a command line.
func (s commandSet) syntaxes() []syntax {
	root := s.root()
	first := syntax{command: root, flags: rootFlags(s.labs)}
	var all []syntax
	for _, cmd := range s.all() {
		first.words = append(first.words, describedWord{cmd.name, s.about(cmd)})
		all = append(all, s.syntaxesOf(cmd)...)
	}
	help := syntax{path: []string{"help"}, command: root, words: first.words}
	first.words = append(first.words, describedWord{"help", s.text.T("cli.help.help")})
	first.flags = append(first.flags, root.knobs(s, nil)...)
	return append([]syntax{first}, append(all, help)...)
}

// syntaxesOf lists what can follow a command, and each lab that is its argument.
func (s commandSet) syntaxesOf(cmd command) []syntax {
	own := syntax{path: []string{cmd.name}, command: cmd}
	own.flags, _ = cmd.flags(s, nil) // without arguments: the command's own
	if cmd.knobs != nil {
		own.flags = append(own.flags, cmd.knobs(s, nil)...)
	}
	for _, w := range cmd.words {
		own.words = append(own.words, describedWord{word: w})
	}
	if !cmd.takesLab() {
		return []syntax{own}
	}
	all := []syntax{own}
	for _, id := range s.labs.IDs(cmd.suits) {
		all[0].words = append(all[0].words, describedWord{id, s.text.T(id + ".name")})
		with := syntax{path: []string{cmd.name, id}, command: cmd, lab: id}
		with.flags, _ = cmd.flags(s, []string{id}) // the lab suits
		all = append(all, with)
	}
	return all
}

// flagValues are the words that a flag can be followed by. file is set for text,
// which may be a path; free for a number or a switch.
func flagValues(k lab.Knob) (words []string, file, free bool) {
	switch k.Kind {
	case lab.Choice:
		return k.Choices, false, false
	case lab.Text:
		return nil, true, false
	}
	return nil, false, true
}
