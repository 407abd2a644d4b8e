package snapshot

import (
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resilab/labs/labtest"
)

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
  svg.remove(); // its style holds for the whole page
}
document.getElementById('result').textContent = JSON.stringify(wrong);
</script>`

// misplaced are the characters that a browser does not draw in their cell.
func misplaced(t *testing.T, pictures map[string]string) (wrong []string) {
	t.Helper()
	sources, err := json.Marshal(pictures)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("PICTURES", string(sources), "CELL", "8.4").Replace(measure)
	out := labtest.Render(t, page)
	_, rest, found := strings.Cut(out, `<pre id="result">`)
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
	for name, source := range pictures { // newer browsers ignore xml:space
		pictures[name] = strings.Replace(source, ` xml:space="preserve"`, "", 1)
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
