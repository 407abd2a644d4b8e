package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/labtest"
)

// watch is put at the beginning of a page: it allows nothing from elsewhere, and
// writes what was asked for and every error into the document.
const watch = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-test'">
<script nonce="test">
const wrong = [];
const show = () => document.documentElement.setAttribute('data-wrong', wrong.join(' | '));
const note = text => { wrong.push(text); show(); };
addEventListener('error', e => note('error: ' + (e.message || e.target.outerHTML)), true);
addEventListener('securitypolicyviolation', e => note('request: ' + e.violatedDirective + ' ' + e.blockedURI));
console.error = (...args) => note('console: ' + args.join(' '));
addEventListener('load', () => {
  for (const r of performance.getEntriesByType('resource')) if (!r.name.startsWith('data:')) note('resource: ' + r.name);
  const charts = [...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0).length;
  document.documentElement.setAttribute('data-charts', charts);
  show();
});
</script>`

// watched returns the page with what watches it.
func watched(page string) string { return strings.Replace(page, "<head>", "<head>"+watch, 1) }

// A browser shows the report and its charts without an error, and asks nothing of
// anyone.
func TestTheReportInABrowser(t *testing.T) {
	for _, lang := range i18n.Langs() {
		book, store, text := passedR1(t, lang)
		d := New(book, store, lang, Options{Program: "resilab", Now: time.Unix(2, 0).UTC()})
		var page bytes.Buffer
		if err := d.HTML(&page, book, text); err != nil {
			t.Fatal(err)
		}
		dom := labtest.Render(t, watched(page.String()))
		if !strings.Contains(dom, `data-wrong=""`) || strings.Contains(dom, `data-charts="0"`) || !strings.Contains(dom, "data-charts=") {
			start, _, _ := strings.Cut(dom, "<head")
			t.Errorf("%s: %s", lang, start)
		}
	}
}

// What watches the page notices a picture from elsewhere and an error.
func TestTheWatchNoticesRequestsAndErrors(t *testing.T) {
	page := watched(`<!DOCTYPE html><html><head></head><body><img src="http://192.0.2.1/x.png"><svg width="9" height="9"></svg></body></html>`)
	dom := labtest.Render(t, page)
	if !strings.Contains(dom, "request: img-src http://192.0.2.1/x.png") || !strings.Contains(dom, "error: ") {
		start, _, _ := strings.Cut(dom, "<head")
		t.Errorf("nothing was noticed: %s", start)
	}
}
