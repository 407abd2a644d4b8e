package architecture

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// avoided are turns of phrase that a reader has to decode; beside each stands what
// is written instead. They are examples of kinds: CONTRIBUTING.md gives the rule.
var avoided = []string{
	`tells? (?:whether|if)`, `telling (?:whether|if)`, // reports whether
	`(?:is|are) due (?:once|after|in either)`,    // the caller must call
	`somebody|someone|whoever|whomever`,          // the consumer, the caller, the client
	`nobody else|those whom`,                     //
	`anew`,                                       // again
	`of (?:its|their|his|her) own`,               // its
	`has gone`,                                   // has disconnected, was removed
	`hears? (?:of|from)`,                         // is called when
	`living lab`,                                 // running lab
	`in vain|is on its way`,                      // what happens instead
	`condemns?`,                                  // fails
	`where (?:it|a record|an experiment) stands`, // the state of
	`as good as never`,                           // practically never
	`ended without a goodbye`,                    // crashed
	`lets nobody in`,                             // authentication failed
	`from hand to hand`,                          // are rebalanced
	`wished|wishes|wants to know|knows nothing`,  // what is called or returned
}

// TestWordsArePlain looks at code, texts and pages.
func TestWordsArePlain(t *testing.T) {
	pattern := regexp.MustCompile(`(?i)\b(?:` + strings.Join(avoided, "|") + `)\b`)
	root := filepath.Join("..", "..")
	looked := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(d):
			return fs.SkipDir
		case d.IsDir() || skipped(d):
			return nil
		}
		text, err := os.ReadFile(path)
		looked++
		for _, at := range pattern.FindAllIndex(text, -1) {
			line := 1 + bytes.Count(text[:at[0]], []byte("\n"))
			t.Errorf("%s:%d: %q is not plain", path, line, text[at[0]:at[1]])
		}
		return err
	})
	if err != nil || looked < 500 {
		t.Fatalf("%d files, %v", looked, err)
	}
}

// skipped reports whether a path is not part of what people read: hidden
// folders, recorded data, and the list in this file.
func skipped(d fs.DirEntry) bool {
	name := d.Name()
	if d.IsDir() {
		return strings.HasPrefix(name, ".") && name != ".." && name != ".ci" || name == "testdata" || name == "node_modules"
	}
	switch filepath.Ext(name) {
	case ".go", ".md", ".yaml", ".yml", ".txtar", ".sh", "":
		return name == "words_test.go" || name == "LICENSE"
	}
	return true
}
