// Package highlight splits programs into tokens for highlighting. It embeds the lexers of
// the few languages that the labs export to: chroma's own registry reads some 300 of them at
// every start.
package highlight

import (
	"embed"
	"path"
	"strings"

	"github.com/alecthomas/chroma/v2"
)

// Chroma's lexers of the languages that the labs export to, written by TestLexersAreChromas.
//
//go:embed lexers/*.xml
var lexers embed.FS

// A Language is how programs in it are read; the zero value reads plain text.
type Language struct{ lexer chroma.Lexer }

// Named returns the language of that name: Go, JavaScript or node, Java, Python, C#; in
// any case. Programs in other languages are not highlighted.
func Named(name string) Language {
	name = strings.ToLower(name)
	if name == "node" {
		name = "javascript"
	}
	lexer, err := chroma.NewXMLLexer(lexers, "lexers/"+name+".xml")
	if err != nil { // there is no such file
		return Language{}
	}
	return Language{chroma.Coalesce(lexer)}
}

// Lines returns the tokens of each line of code.
func (l Language) Lines(code string) [][]chroma.Token {
	tokens := []chroma.Token{{Type: chroma.Text, Value: code}}
	if l.lexer != nil {
		if known, err := chroma.Tokenise(l.lexer, nil, code); err == nil {
			tokens = known
		}
	}
	return chroma.SplitTokensIntoLines(tokens)
}

// Extension is that of the language's files, with its dot; .txt for an unknown one.
func (l Language) Extension() string {
	if l.lexer != nil {
		for _, pattern := range l.lexer.Config().Filenames {
			if ext := path.Ext(pattern); strings.HasPrefix(pattern, "*.") && ext != "" {
				return ext
			}
		}
	}
	return ".txt"
}
