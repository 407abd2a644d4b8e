package course

import (
	"os"
	"path/filepath"
	"testing"
)

func TestStoreKeepsAndFindsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "progress.json")
	s, aside, err := OpenStore(path)
	if err != nil || aside != nil {
		t.Fatal(err, aside)
	}
	c := toy(t)
	session := NewSession(c, s.Record("T1"))
	if err := session.Predict("up", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := session.TakeA(started(c)); err != nil {
		t.Fatal(err)
	}
	if err := s.Save("T1", session.Record()); err != nil {
		t.Fatal(err)
	}
	other, _, err := OpenStore(path) // a second program
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Save("T2", Record{Prediction: "down"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Save("T3", Record{Prediction: "up"}); err != nil {
		t.Fatal(err)
	}
	again, aside, err := OpenStore(path)
	if err != nil || aside != nil {
		t.Fatal(err, aside)
	}
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
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("files left: %v, %v", files, err)
	}
}

func TestBrokenProgressIsSetAsideNotLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	var moved []string
	for _, broken := range []string{"{not json", `{"version": 99, "cards": {}}`} {
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		s, aside, err := OpenStore(path)
		if err != nil || aside == nil || aside.Cause == nil {
			t.Fatalf("not said: %v, %v", aside, err)
		}
		if got, _ := os.ReadFile(aside.Path); string(got) != broken {
			t.Errorf("%s holds %q", aside.Path, got)
		}
		moved = append(moved, aside.Path)
		if err := s.Save("T1", Record{Hints: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if moved[0] == moved[1] {
		t.Error("the second broken file took the place of the first")
	}
}

func TestStoreThatCannotWriteSaysSo(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := OpenStore(dir); err == nil {
		t.Error("a directory is read as progress")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := OpenStore(filepath.Join(dir, "sub", "progress.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.path = filepath.Join(file, "progress.json")
	if err := s.Save("T1", Record{}); err == nil {
		t.Error("no error")
	}
	if NewStore().Save("T1", Record{}) != nil {
		t.Error("a store in memory fails")
	}
}
