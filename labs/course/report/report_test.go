package report

import (
	"bytes"
	"crypto/ed25519"
	"encoding/csv"
	"regexp"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry"
)

// passedR1 is a book with the cards of one lab, and progress that has passed R1.
func passedR1(t *testing.T, lang i18n.Lang) (*course.Book, *course.Store, *i18n.Catalogue) {
	t.Helper()
	book, err := course.Load(specs()...)
	if err != nil {
		t.Fatal(err)
	}
	card, _ := book.Find("R1")
	s := course.NewSession(card, course.Record{})
	run := func(settings lab.Settings, attempts float64) lab.Run {
		return lab.Run{Lab: "retry", Seed: 1, Knobs: settings, Duration: 7.5,
			Metrics: map[string]float64{"operations": 200, "success": 0.8, "attempts_per_op": attempts}}
	}
	if err := s.Predict("same", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeA(run(card.Golden[0], 1.7)); err != nil {
		t.Fatal(err)
	}
	if j, err := s.Check(run(card.Golden[1], 1.1), time.Unix(1, 0)); err != nil || !j.Passed {
		t.Fatalf("%+v, %v", j, err)
	}
	store := course.NewStore()
	if err := store.Save("R1", s.Record()); err != nil {
		t.Fatal(err)
	}
	text, err := i18n.Load(lang, course.Texts, retry.Spec().Texts)
	if err != nil {
		t.Fatal(err)
	}
	return book, store, text
}

func TestHTMLAndMarkdown(t *testing.T) {
	for lang, title := range map[i18n.Lang]string{i18n.Spanish: "Informe del curso", i18n.English: "Course report"} {
		book, store, text := passedR1(t, lang)
		d := New(book, store, lang, Options{Program: "resilab", Student: "<ana>@example.edu", Now: time.Unix(2, 0).UTC()})
		var html, md bytes.Buffer
		if err := d.HTML(&html, book, text); err != nil {
			t.Fatal(err)
		}
		if err := d.Markdown(&md, book, text); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{title, "R1", "1.10×", "<svg", "&lt;ana&gt;"} {
			if !strings.Contains(html.String(), want) {
				t.Errorf("%s: %q is not in the page", lang, want)
			}
		}
		if found := regexp.MustCompile(`<script|src=|href="(?:[^d]|d[^a])|url\(`).FindString(html.String()); found != "" {
			t.Errorf("%s: the page asks for more: %q", lang, found)
		}
		if !strings.Contains(md.String(), "| 1.70× | 1.10× |") || strings.Contains(md.String(), "<svg") {
			t.Errorf("%s", md.String())
		}
	}
}

func TestGradesForMoodle(t *testing.T) {
	book, store, text := passedR1(t, i18n.English)
	var b bytes.Buffer
	if err := New(book, store, i18n.English, Options{Student: "ana@example.edu"}).CSV(&b, text); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "Email address" || rows[1][0] != "ana@example.edu" {
		t.Fatalf("%v, %v", rows, err)
	}
	for i, name := range rows[0] {
		if name == "resilab R1" && (rows[1][i] != "100" || !strings.Contains(rows[1][i+1], "prediction right")) {
			t.Errorf("R1: %q, %q", rows[1][i], rows[1][i+1])
		}
		if name == "resilab R2" && (rows[1][i] != "" || rows[1][i+1] != "") {
			t.Errorf("R2: %q, %q", rows[1][i], rows[1][i+1])
		}
	}
}

func TestASignedReportIsOpenedAndAForgedOneIsNot(t *testing.T) {
	book, store, _ := passedR1(t, i18n.English)
	d := New(book, store, i18n.English, Options{Program: "resilab", Now: time.Unix(2, 0).UTC()})
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := Sign(d, public, func(body []byte) ([]byte, error) { return ed25519.Sign(private, body), nil })
	if err != nil {
		t.Fatal(err)
	}
	opened, key, err := Open(data)
	if err != nil || !key.Equal(public) || len(opened.Cards) != len(d.Cards) {
		t.Fatalf("%v", err)
	}
	ssh, err := gossh.NewPublicKey(public)
	if err != nil || Fingerprint(public) != gossh.FingerprintSHA256(ssh) {
		t.Errorf("fingerprint %s, OpenSSH's is %s, %v", Fingerprint(public), gossh.FingerprintSHA256(ssh), err)
	}
	if _, _, err := Open(bytes.Replace(data, []byte(`1.1`), []byte(`1.2`), 1)); err == nil {
		t.Error("a changed report is taken")
	}
	var plain bytes.Buffer
	if err := d.JSON(&plain); err != nil {
		t.Fatal(err)
	}
	if _, key, err := Open(plain.Bytes()); err != nil || key != nil {
		t.Errorf("unsigned: %v", err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"version":9,"cards":[]}`} {
		if _, _, err := Open([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a report", bad)
		}
	}
}
