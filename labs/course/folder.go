package course

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a folder of cards. The cards of the course stay far below them.
const (
	maxFiles  = 200
	maxBytes  = 64 << 10 // of one file
	maxTokens = 4000     // of the YAML in one file
	maxSource = 600      // bytes of one expression
)

// Folder is a teacher's own folder of cards. What it refers to stays inside: a
// link that leads out is an error. The caller must call Close.
type Folder struct{ root *os.Root }

// OpenFolder opens a folder that holds cards/, es/ and en/.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of cards: %w", err)
	}
	return &Folder{root: root}, nil
}

// FS returns the files of the folder.
func (f *Folder) FS() fs.FS { return f.root.FS() }

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// readSmall reads a regular file of bounded size.
func readSmall(fsys fs.FS, path string) ([]byte, error) {
	info, err := fs.Stat(fsys, path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("longer than %d bytes", maxBytes)
	}
	return data, nil
}

// plainYAML refuses what a card has no use for and what can make YAML large:
// anchors, aliases, tags and very many tokens.
func plainYAML(data []byte) error {
	tokens := lexer.Tokenize(string(data))
	if len(tokens) > maxTokens {
		return fmt.Errorf("more than %d YAML tokens", maxTokens)
	}
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			return fmt.Errorf("line %d: %q: anchors, aliases and tags are not allowed", t.Position.Line, t.Value)
		}
	}
	return nil
}

// cardFiles lists the files of cards/, at most maxFiles.
func cardFiles(fsys fs.FS) (names []string, err error) {
	dir, err := fsys.Open("cards")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	list, ok := dir.(fs.ReadDirFile)
	if !ok {
		return nil, errors.New("cards: not a folder")
	}
	entries, err := list.ReadDir(maxFiles + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("cards: more than %d files", maxFiles)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}
