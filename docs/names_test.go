package docs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages name the tests that hold what they say.
func TestNamedTestsExist(t *testing.T) {
	var named []string
	name := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`")
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range name.FindAllSubmatch(text, -1) {
			named = append(named, string(match[1]))
		}
	}
	if len(named) == 0 {
		t.Fatal("no page names a test")
	}
	code := testCode(t)
	for _, test := range named {
		if !bytes.Contains(code, []byte("\nfunc "+test+"(")) {
			t.Errorf("a page names %s, which does not exist", test)
		}
	}
}

// testCode returns the text of all test files.
func testCode(t *testing.T) []byte {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}
