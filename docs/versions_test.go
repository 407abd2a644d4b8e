package docs

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What later versions of RabbitMQ hash in another way stands in one place, and there
// with the versions in whose source it was found: headers are read by
// mc:routing_headers in v3.13.0 and not in v3.12.0, MAX_BINDING_WEIGHT is in v4.2.6 and
// not in v4.2.5.
func TestVersionsOfTheHash(t *testing.T) {
	const source = "../brokers/minirabbit/chash/doc.go"
	file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	since := map[string]string{}
	for _, block := range new(comment.Parser).Parse(file.Doc.Text()).Content {
		list, ok := block.(*comment.List)
		if !ok {
			continue
		}
		for _, item := range list.Items {
			text := textOf(item.Content)
			if found := regexp.MustCompile(`^From (\d+\.\d+\.\d+) on an? (\w+)`).FindStringSubmatch(text); found != nil {
				since[found[2]] = found[1]
			}
		}
	}
	if since["header"] != "3.13.0" || since["weight"] != "4.2.6" || len(since) != 2 {
		t.Errorf("%s: changes since %v", source, since)
	}
	// Elsewhere nothing is said of versions, so that nothing can be wrong there.
	about := regexp.MustCompile(`(?i)hash-header|consistent.hash`)
	version := regexp.MustCompile(`(?i)(RabbitMQ|from|desde|since) v?(3\.1[1-9]|4(\.\d+)*)\b`)
	for _, page := range append(goFiles(t, "../brokers/minirabbit", "../labs/convoy"), pages(t)...) {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for paragraph := range strings.SplitSeq(string(data), "\n\n") {
			if page != source && about.MatchString(paragraph) && version.MatchString(paragraph) {
				t.Errorf("%s: %q speaks of versions; that belongs in %s", page, version.FindString(paragraph), source)
			}
		}
	}
}

// textOf joins the plain words of a part of a package's documentation.
func textOf(blocks []comment.Block) string {
	var b strings.Builder
	for _, block := range blocks {
		if p, ok := block.(*comment.Paragraph); ok {
			for _, part := range p.Text {
				if plain, ok := part.(comment.Plain); ok {
					b.WriteString(string(plain))
				}
			}
		}
	}
	return b.String()
}

// goFiles returns the Go files below folders, without tests.
func goFiles(t *testing.T, roots ...string) (files []string) {
	t.Helper()
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				files = append(files, filepath.ToSlash(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}
