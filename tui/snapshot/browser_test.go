package snapshot

import (
	"context"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browserTime bounds how long a browser may take to draw a picture.
const browserTime = 2 * time.Minute

// measure is a page that draws pictures and says which of their characters do not
// stand in their cell.
const measure = `<!DOCTYPE html><meta charset="utf-8"><body><pre id="result"></pre><script>
const wrong = [];
for (const [name, source] of Object.entries(PICTURES)) {
  const svg = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
  document.body.appendChild(document.adoptNode(svg));
  for (const text of svg.querySelectorAll('text')) {
    const whole = text.textContent, chars = [...whole].length;
    const cell = parseFloat(text.getAttribute('textLength')) / chars, x = parseFloat(text.getAttribute('x'));
    if (chars !== whole.length || cell > CELL + 0.1) continue; // a wide sign stands alone
    for (let i = 0; i < chars; i++) {
      const at = i < text.getNumberOfChars() ? text.getStartPositionOfChar(i).x : NaN;
      if (!(Math.abs(at - x - i * CELL) < CELL / 2)) { wrong.push(name + ': "' + whole + '" character ' + i + ' at ' + at); break; }
    }
  }
}
document.getElementById('result').textContent = JSON.stringify(wrong);
</script>`

// browser returns the path of a Chromium, or skips the test.
func browser(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("RESILAB_REQUIRE_BROWSER") == "1" {
		t.Fatal("no chromium on PATH, and RESILAB_REQUIRE_BROWSER is 1")
	}
	t.Skip("no chromium on PATH: the pictures are not drawn in a browser")
	return ""
}

// misplaced are the characters that a browser does not draw in their cell.
func misplaced(t *testing.T, pictures map[string]string) (wrong []string) {
	t.Helper()
	sources, err := json.Marshal(pictures)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("PICTURES", string(sources), "CELL", "8.4").Replace(measure)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, browser(t), "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+t.TempDir(), "--dump-dom", file).Output()
	if err != nil {
		t.Fatalf("drawing the pictures: %v", err)
	}
	_, rest, found := strings.Cut(string(out), `<pre id="result">`)
	result, _, closed := strings.Cut(rest, "</pre>")
	if !found || !closed {
		t.Fatalf("the page has no result: %.500s", out)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(result)), &wrong); err != nil {
		t.Fatalf("%v: %.500s", err, result)
	}
	return wrong
}

// A browser draws every character of a picture in its cell: blanks stay, letters
// are not set apart.
func TestBrowsersDrawPicturesAsTheyAre(t *testing.T) {
	pictures := map[string]string{"sample": SVG("a    b  c\n\x1b[1mtwo   words\x1b[0m   and more", Dark())}
	files, err := filepath.Glob("../../docs/*.svg")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pictures in docs: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pictures[filepath.Base(file)] = string(source)
	}
	for i, w := range misplaced(t, pictures) {
		if i < 5 {
			t.Error(w)
		}
	}
}

// The check notices what it is there for.
func TestBrowserCheckFindsCollapsedBlanks(t *testing.T) {
	broken := strings.Replace(SVG("a    b  c", Dark()), "white-space:pre", "white-space:normal", 1)
	if len(misplaced(t, map[string]string{"broken": broken})) == 0 {
		t.Error("a picture whose blanks collapse is accepted")
	}
}
