package labtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// browserTime bounds how long a browser may take to draw a page.
const browserTime = 2 * time.Minute

// Render opens a page in a headless Chromium and returns the document as it is
// after its scripts have run. The test is skipped where there is no browser,
// unless RESILAB_REQUIRE_BROWSER is 1.
func Render(t *testing.T, page string) (dom string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, browser(t), "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+t.TempDir(), "--dump-dom", file).Output()
	if err != nil {
		t.Fatalf("drawing the page: %v", err)
	}
	return string(out)
}

// browser returns the path of a Chromium, or skips the test.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("RESILAB_REQUIRE_BROWSER") == "1" {
		t.Fatal("no chromium on PATH, and RESILAB_REQUIRE_BROWSER is 1")
	}
	t.Skip("no chromium on PATH: nothing is drawn in a browser")
	return ""
}
