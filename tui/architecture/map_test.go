package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The map in docs/architecture.md names every folder of the three layers, and
// none that does not exist.
func TestTheMapIsComplete(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "## The rooms")
	block, _, _ := strings.Cut(after, "\n## ")
	named := map[string][]string{} // folders, by layer
	layer := ""
	name := regexp.MustCompile(`([a-z0-9]+)/(?:\s|$)`)
	for _, line := range strings.Split(block, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for _, m := range name.FindAllStringSubmatch(line, -1) {
			if indent == 4 {
				layer = m[1]
			} else {
				named[layer] = append(named[layer], m[1])
			}
		}
	}
	for _, layer := range []string{"tui", "labs", "brokers"} {
		var there []string
		entries, err := os.ReadDir(filepath.Join("..", "..", layer))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() {
				there = append(there, e.Name())
			}
		}
		slices.Sort(named[layer])
		if !slices.Equal(named[layer], there) {
			t.Errorf("%s: the map names %v, the folders are %v", layer, named[layer], there)
		}
	}
}
