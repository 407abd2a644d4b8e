package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resilab/tui/state"
	"resilab/tui/state/statetest"
)

func TestLocal(t *testing.T) {
	dir := t.TempDir()
	statetest.Run(t, func(t *testing.T, name string) state.Store {
		s, err := state.OpenLocal(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// Files that others put into the folder do not stop the class.
func TestLocalLeavesOutForeignFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := state.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"README": "x", "name-1.json": "{", "name-2.json": `{"id":"name-3"}`, "A B.json": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, "people", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.People(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("people %v, %v", all, err)
	}
}

func TestCodes(t *testing.T) {
	p, code := state.NewPerson("Ana María")
	other, _ := state.NewPerson("Ana María")
	if p.ID == other.ID || state.CheckID(p.ID) != nil {
		t.Errorf("IDs %s and %s", p.ID, other.ID)
	}
	if strings.Contains(p.Code, code) {
		t.Error("the code is kept as it is")
	}
	for typed, want := range map[string]bool{
		code: true, strings.ToLower(code): true, " " + code[:3] + "-" + code[3:] + " ": true, "": false, code + "A": false, "AAAAAA": false,
	} {
		if p.HasCode(typed) != want {
			t.Errorf("%q: %t", typed, !want)
		}
	}
	if other.HasCode(code) {
		t.Error("one's code is another's")
	}
	if !p.HasName(" ana  MARÍA ") || p.HasName("Ana") {
		t.Error("names are compared wrongly")
	}
	if key := state.KeyPerson([]byte("key"), "Beto"); key.HasCode("") || state.CheckID(key.ID) != nil {
		t.Errorf("%+v", key)
	}
}
