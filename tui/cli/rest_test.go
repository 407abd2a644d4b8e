package cli

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/app"
	"resilab/tui/panes"
	"resilab/tui/theme"
)

// visitor is the program of a visitor over the network, without a terminal.
type visitor struct {
	*app.Model
	labs map[string]lab.Lab
}

// newVisitor starts the three labs on embedded brokers.
func newVisitor(t *testing.T) *visitor {
	t.Helper()
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	book, err := course.Load(labs.All().Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := catalogues(labs.All())
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{labs: map[string]lab.Lab{}}
	all := labs.All()
	for i, entry := range all {
		all[i].New = func(env lab.Env) lab.Lab {
			v.labs[entry.Spec.ID] = entry.New(env)
			return v.labs[entry.Spec.ID]
		}
	}
	s := screen{labs: all, panes: panes.All(), session: session, lang: i18n.English, texts: texts, runs: labRuns{seed: 1}, guest: true,
		course: courseParts{book: book, store: course.NewStore()}, theme: theme.New(theme.Options{Getenv: func(string) string { return "" }})}
	if v.Model, err = s.model(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(v.Close(context.Background()), session.Close()); err != nil {
			t.Error(err)
		}
	})
	_, cmd := v.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	for cmd != nil { // each started lab leads to the next one
		_, cmd = v.Update(cmd())
	}
	return v
}

// count is how many operations a lab has done in its run, and idle reports whether
// none is under way.
func (v *visitor) count(id string) (done float64, idle bool) {
	entry, _ := labs.All().Find(id)
	snap := v.labs[id].Snapshot()
	return snap.Metrics[entry.Spec.Work], snap.InFlight == 0
}

func (v *visitor) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s\n%s", what, strings.Join(restless("retry", "convoy", "cacheaside"), "\n\n"))
		}
	}
}

// goesOn waits until a lab does operations.
func (v *visitor) goesOn(t *testing.T, id string) {
	t.Helper()
	before, _ := v.count(id)
	v.await(t, id+" goes on", func() bool { now, _ := v.count(id); return now >= before+3 })
}

// rests waits until the goroutines of a lab wait for nothing that comes with time.
func (v *visitor) rests(t *testing.T, id string) {
	t.Helper()
	v.await(t, id+" is idle", func() bool { _, idle := v.count(id); return idle })
	v.await(t, id+" rests", func() bool { return len(restless(id)) == 0 })
}

// restless returns the stacks of the goroutines of labs that will run without a
// message from others: those that run, and those that wait for a time.
func restless(ids ...string) (stacks []string) {
	buffer := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		head, frames, _ := strings.Cut(stack, "\n")
		own := false
		for _, id := range ids {
			own = own || strings.Contains(frames, "resilab/labs/"+id)
		}
		if !own || strings.Contains(frames, "kit.(*Base).Awake(") || strings.Contains(frames, "testing.tRunner") {
			continue
		}
		timed := strings.Contains(frames, "labs/kit.Every(") || strings.Contains(frames, "clock.(*Clock).WaitUntil(") ||
			strings.Contains(frames, "measure.(*Watch).Run(")
		if timed || strings.Contains(head, "[running") || strings.Contains(head, "[runnable") || strings.Contains(head, "[sleep") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// Labs that nobody looks at rest: nothing arrives, and none of their goroutines
// runs. They go on when they are looked at.
func TestHiddenLabsOfVisitorsRest(t *testing.T) {
	v := newVisitor(t)
	v.goesOn(t, "retry")
	for _, id := range []string{"convoy", "cacheaside"} {
		v.rests(t, id)
	}
	convoy, _ := v.count("convoy")
	cache, _ := v.count("cacheaside")
	v.goesOn(t, "retry")
	if now, _ := v.count("convoy"); now != convoy {
		t.Errorf("convoy went from %v to %v while it rested", convoy, now)
	}
	if now, _ := v.count("cacheaside"); now != cache {
		t.Errorf("cacheaside went from %v to %v while it rested", cache, now)
	}

	v.Update(key("3"))
	v.goesOn(t, "cacheaside")
	v.rests(t, "retry")
	v.Update(key("1"))
	v.goesOn(t, "retry")
	v.rests(t, "cacheaside")
	v.Update(app.AwayMsg(true)) // the visitor follows the teacher's screen
	v.rests(t, "retry")
	v.Update(app.AwayMsg(false))
	v.goesOn(t, "retry")
}

// A run that is measured goes on in another tab: that of an open card, and the one
// that follows run A.
func TestMeasuredRunsGoOnWhileHidden(t *testing.T) {
	v := newVisitor(t)
	v.Update(app.OpenCardMsg("R0"))
	v.Update(tea.KeyMsg{Type: tea.KeyEnter}) // predicts
	v.Update(key("2"))
	v.goesOn(t, "retry")
	v.Update(key("a"))
	v.Update(key("3"))
	v.goesOn(t, "convoy")
	v.Update(key("2"))
	v.Update(key("b"))
	v.Update(key("3"))
	v.rests(t, "convoy")
	v.goesOn(t, "retry")
}
