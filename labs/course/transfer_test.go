package course

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestExportAndImport(t *testing.T) {
	dir := t.TempDir()
	here, there := openStore(t, filepath.Join(dir, "a.json")), openStore(t, filepath.Join(dir, "b.json"))
	save(t, here, "R1", passedAt(noon))
	save(t, here, "R2", Record{Prediction: "1"})
	save(t, there, "R2", passedAt(noon))
	file := filepath.Join(dir, "moved.json")
	if err := here.Export(file); err != nil {
		t.Fatal(err)
	}
	if err := here.Export(file); err == nil {
		t.Error("a file that exists was written over")
	}
	if n, err := there.Import(t.Context(), file); err != nil || n != 2 {
		t.Errorf("%d cards, %v", n, err)
	}
	again := openStore(t, filepath.Join(dir, "b.json"))
	for _, id := range []string{"R1", "R2"} {
		if again.Record(id).Stage() != Passed {
			t.Errorf("%s is %s after the import", id, again.Record(id).Stage())
		}
	}
	if _, err := there.Import(t.Context(), filepath.Join(dir, "none.json")); err == nil {
		t.Error("a file that is not there was imported")
	}
}

// A card that is reset stays so although another program still has its record.
func TestAResetIsNotUndoneByAnotherProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	first, second := openStore(t, path), openStore(t, path)
	save(t, first, "R1", passedAt(noon))
	save(t, second, "R2", passedAt(noon))
	if err := second.Reset("R1", "C1"); err != nil {
		t.Fatal(err)
	}
	old := first.Record("R1")
	old.Hints = 3
	save(t, first, "R1", old)
	again := openStore(t, path)
	if rec := again.Record("R1"); rec.Stage() != ToPredict || rec.Hints != 0 || rec.Resets != 1 {
		t.Errorf("after the reset: %+v", rec)
	}
	if again.Record("R2").Stage() != Passed || len(again.Begun()) != 2 {
		t.Errorf("the reset changed other cards: %v", again.Begun())
	}
	session := NewSession(toy(t), again.Record("R1"))
	if err := session.Predict("up", noon); err != nil {
		t.Fatal(err)
	}
	save(t, again, "R1", session.Record())
	if rec := openStore(t, path).Record("R1"); rec.Prediction != "up" || rec.Resets != 1 {
		t.Errorf("begun again after the reset: %+v", rec)
	}
}

// saverVariable names the file for the program that TestKilledPrograms starts.
const saverVariable = "RESILAB_TEST_SAVER"

func TestMain(m *testing.M) {
	if path := os.Getenv(saverVariable); path != "" {
		fmt.Fprintln(os.Stderr, saveForEver(path))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// saveForEver is the program that TestKilledPrograms starts and kills: it passes
// one card after another and prints the id of each that is saved.
func saveForEver(path string) error {
	s, err := OpenStore(context.Background(), path)
	for i := 0; err == nil; i++ {
		id := fmt.Sprintf("X%d-%d", os.Getpid(), i)
		if err = s.Save(id, passedAt(noon)); err == nil {
			fmt.Println(id)
		}
	}
	return err
}

// killsVariable is how many programs TestKilledPrograms kills; 20 unless it is set.
const killsVariable = "RESILAB_KILLS"

// Two programs at once save to one file and are killed at random moments: the
// file can always be read, and has every card whose Save returned.
func TestKilledPrograms(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		kills = n
	}
	path := filepath.Join(t.TempDir(), "progress.json")
	rng := rand.New(rand.NewPCG(1, 2))
	saved := 0
	for round := range kills / 2 {
		var mu sync.Mutex
		var ids []string
		var both sync.WaitGroup
		for range 2 {
			wait := time.Duration(rng.IntN(10_000)) * time.Microsecond
			both.Go(func() {
				lines := killedSaver(t, path, wait)
				mu.Lock()
				defer mu.Unlock()
				ids = append(ids, lines...)
			})
		}
		both.Wait()
		s, err := OpenStore(t.Context(), path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, id := range ids {
			if s.Record(id).Stage() != Passed {
				t.Fatalf("round %d: %s was saved and is lost", round, id)
			}
		}
		if saved += len(ids); round%10 == 9 { // else the file only grows
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if saved < kills {
		t.Errorf("only %d saves were seen", saved)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(left) > 3 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

// killedSaver starts saveForEver, kills it some time after its first save and
// returns what it printed.
func killedSaver(t *testing.T, path string, wait time.Duration) (ids []string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), saverVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if ids = append(ids, strings.TrimSpace(lines.Text())); len(ids) == 1 {
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the saver ended by itself")
	}
	return ids
}
