package course

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/brokers/brokertest"
)

func openStore(t *testing.T, path string) *Store {
	t.Helper()
	s, err := OpenStore(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(t *testing.T, s *Store, id string, rec Record) {
	t.Helper()
	if err := s.Save(id, rec); err != nil {
		t.Fatal(err)
	}
}

func TestStoreKeepsAndFindsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "progress.json")
	s := openStore(t, path)
	c := toy(t)
	session := NewSession(c, s.Record("T1"))
	if err := session.Predict("up", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := session.TakeA(started(c)); err != nil {
		t.Fatal(err)
	}
	save(t, s, "T1", session.Record())
	save(t, openStore(t, path), "T2", Record{Prediction: "down"}) // a second program
	save(t, s, "T3", Record{Prediction: "up"})
	again := openStore(t, path)
	if again.Record("T2").Prediction != "down" || again.Record("T3").Prediction != "up" {
		t.Error("one program loses what the other has kept")
	}
	back := NewSession(c, again.Record("T1"))
	if back.Stage() != ToRunB || back.Record().A.Metrics["done"] != 100 || !back.Record().PredictedAt.Equal(noon) {
		t.Errorf("read back as %+v", back.Record())
	}
	if j, err := back.Check(good(c), noon); err != nil || !j.Passed {
		t.Errorf("the kept run A is worth nothing: %+v, %v", j, err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("files left: %v, %v; want the progress and its lock", files, err)
	}
}

// passedAt is a record that passed a card.
func passedAt(at time.Time) Record {
	return Record{Prediction: "up", Runs: Runs{A: &Evidence{Lab: "toy"}, B: &Evidence{Lab: "toy"}}, PassedAt: &at}
}

// Two programs are open; one passes the card, the other saves what it knew.
func TestSecondProgramKeepsAPass(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	first, second := openStore(t, path), openStore(t, path)
	waiting := Record{Prediction: "up", Runs: Runs{A: &Evidence{Lab: "toy"}}}
	save(t, second, "K5", waiting)
	save(t, first, "K5", passedAt(noon))
	waiting.Hints, waiting.Checks = 2, 3
	save(t, second, "K5", waiting)
	rec := openStore(t, path).Record("K5")
	if rec.Stage() != Passed || rec.B == nil || rec.Hints != 2 || rec.Checks != 3 {
		t.Errorf("kept: %+v", rec)
	}
	if second.Record("K5").Stage() != Passed {
		t.Error("the second program does not see the pass")
	}
}

// Many programs save at once, each another card and all of them one.
func TestSaversAtOnceLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	const savers, cards = 4, 6
	var all sync.WaitGroup
	for n := range savers {
		s := openStore(t, path)
		all.Go(func() {
			for i := range cards {
				if err := s.Save(strconv.Itoa(n*cards+i), passedAt(noon)); err != nil {
					t.Error(err)
				}
				if err := s.Save("shared", Record{Prediction: "up", Checks: n*cards + i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	kept := openStore(t, path)
	for n := range savers * cards {
		if kept.Record(strconv.Itoa(n)).Stage() != Passed {
			t.Errorf("card %d is lost", n)
		}
	}
	if rec := kept.Record("shared"); rec.Checks != savers*cards-1 {
		t.Errorf("shared: %+v", rec)
	}
}

// A restart is the student's wish; that the card was passed stays.
func TestARestartedCardStaysPassed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	s := openStore(t, path)
	save(t, s, "T1", passedAt(noon))
	session := NewSession(toy(t), s.Record("T1"))
	session.Again()
	save(t, s, "T1", session.Record())
	rec := openStore(t, path).Record("T1")
	if rec.Stage() != ToPredict || rec.Round != 1 {
		t.Errorf("not restarted: %+v", rec)
	}
	if p, ok := rec.Passing(); !ok || !p.PassedAt.Equal(noon) || p.B == nil {
		t.Errorf("the pass is lost: %+v", rec.Earlier)
	}
}

func TestMergeOfRecords(t *testing.T) {
	draw := func(t *rapid.T, name string) Record {
		r := Record{Round: rapid.IntRange(0, 2).Draw(t, name+" round"), Hints: rapid.IntRange(0, 3).Draw(t, name+" hints"),
			Worked: time.Duration(rapid.IntRange(0, 3).Draw(t, name+" minutes")) * time.Minute}
		stage := rapid.IntRange(0, 3).Draw(t, name+" stage")
		if stage > 0 {
			r.Prediction = "up"
		}
		if stage > 1 {
			r.A = &Evidence{}
		}
		if stage > 2 {
			at := noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, name+" hour")) * time.Hour)
			r.B, r.PassedAt = &Evidence{}, &at
		}
		if rapid.Bool().Draw(t, name+" earlier") {
			p := passedAt(noon)
			r.Earlier = &p
		}
		return r
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		m := Merge(a, b)
		_, passedA := a.Passing()
		_, passedB := b.Passing()
		if _, ok := m.Passing(); ok != (passedA || passedB) {
			t.Fatalf("a pass is lost or made up: %+v", m)
		}
		if m.Round != max(a.Round, b.Round) || m.Hints != max(a.Hints, b.Hints) || m.Worked != max(a.Worked, b.Worked) {
			t.Fatalf("merged to %+v", m)
		}
		if again := Merge(m, b); !reflect.DeepEqual(again, m) {
			t.Fatalf("merging twice gives %+v, once %+v", again, m)
		}
	})
}

// A file of another kind is refused by name and stays as it is.
func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"notes.txt": "buy milk", "broken.json": `{"version": 1, "cards": {`, "run.json": `{"lab":"retry","knobs":{"retries":3}}`,
		"list.json": "[]", "null.json": "null", "utf16.json": "\xff\xfe{\x00}\x00", "zero.json": `{"version": 0, "cards": {}}`,
		"newer.json": `{"version": 99, "cards": {"R1": [1]}}`, "cards.json": `{"version": 1, "cards": {"R1": 7}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenStore(t.Context(), path)
		var foreign *ForeignFileError
		var newer *NewerFileError
		switch {
		case name == "newer.json" && (!errors.As(err, &newer) || newer.Version != 99 || newer.Path != path):
			t.Errorf("%s: %v", name, err)
		case name != "newer.json" && (!errors.As(err, &foreign) || foreign.Path != path):
			t.Errorf("%s: %v", name, err)
		}
		if err := (&Store{path: path, records: map[string]Record{}}).Save("R1", Record{}); err == nil {
			t.Errorf("%s was written over", name)
		}
		if got, _ := os.ReadFile(path); string(got) != content {
			t.Errorf("%s holds %q", name, got)
		}
	}
	var foreign *ForeignFileError
	if _, err := OpenStore(t.Context(), dir); !errors.As(err, &foreign) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := OpenStore(t.Context(), os.DevNull); !errors.As(err, &foreign) {
		t.Errorf("a device: %v", err)
	}
}

// What an editor on Windows makes of the file is still the progress; an empty
// file is none.
func TestProgressFromOtherEditors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	save(t, openStore(t, path), "R1", Record{Prediction: "up"})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"windows": "\xef\xbb\xbf" + strings.ReplaceAll(string(data), "\n", "\r\n"), "empty": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := openStore(t, path).Record("R1").Prediction; (got == "up") != (name == "windows") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Reading writes nothing, not even a lock.
func TestOpenWritesNothing(t *testing.T) {
	dir := t.TempDir()
	openStore(t, filepath.Join(dir, "sub", "progress.json"))
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
}

// A link to the file stays a link.
func TestSaveFollowsALink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.json"), filepath.Join(dir, "link.json")
	save(t, openStore(t, real), "R1", Record{Prediction: "up"})
	if err := os.Symlink(real, link); err != nil {
		brokertest.Unavailable(t, err)
	}
	save(t, openStore(t, link), "R2", Record{Prediction: "down"})
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if openStore(t, real).Record("R2").Prediction != "down" {
		t.Error("the file behind the link was not written")
	}
}

// So does a link whose file, and the folder of it, are still to be made.
func TestSaveFollowsALinkToNothing(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink(filepath.Join("later", "real.json"), link); err != nil {
		brokertest.Unavailable(t, err)
	}
	save(t, openStore(t, link), "R1", Record{Prediction: "up"})
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if openStore(t, filepath.Join(dir, "later", "real.json")).Record("R1").Prediction != "up" {
		t.Error("the file behind the link was not written")
	}
}

func TestStoreReportsAFailedWrite(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, filepath.Join(dir, "progress.json"))
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.path = filepath.Join(file, "progress.json")
	if err := s.Save("T1", Record{}); err == nil || !errors.Is(s.Err(), err) {
		t.Errorf("no error: %v, %v", err, s.Err())
	}
	s.path = filepath.Join(dir, "progress.json")
	if save(t, s, "T1", Record{}); s.Err() != nil {
		t.Errorf("after success: %v", s.Err())
	}
	if NewStore().Save("T1", Record{}) != nil {
		t.Error("a store in memory fails")
	}
}

// FuzzProgress reads any text as progress. What is read is written and read back.
func FuzzProgress(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"version":1,"cards":{}}`, `{"version":2,"cards":[]}`, `{"version":1,"cards":null}`,
		`{"version":1,"cards":{"R1":{"passed_at":"2026-01-02T03:04:05Z","a":{"lab":"retry","knobs":{"retries":3,"jitter":"full","classify":true}}}}}`,
		`{"version":1,"cards":{"R1":{"earlier":{"earlier":{}}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		records, version, err := decodeProgress(text)
		if err != nil || version != progressVersion {
			return
		}
		data, err := encodeProgress(records)
		if err != nil {
			t.Fatalf("%q is read and cannot be written: %v", text, err)
		}
		back, _, err := decodeProgress(string(data))
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		for id, rec := range back {
			if was, _ := json.Marshal(records[id]); len(was) == 0 {
				t.Fatalf("%q is new", id)
			}
			_, passed := rec.Passing()
			if _, still := Merge(rec, Record{}).Passing(); passed != still {
				t.Fatalf("merging loses the pass of %q", id)
			}
		}
	})
}
