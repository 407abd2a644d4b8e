package app

import (
	"maps"
	"slices"
	"time"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

const (
	undoDepth = 50
	// turnsTogether is how close two turns of one knob are to be undone as one.
	turnsTogether = time.Second
)

// undoStack keeps the changes of knobs that can be undone, and those that were.
// A bundle, such as a scenario that sets many knobs, is one change.
type undoStack struct {
	done, undone []change
}

// change holds the knobs that a change turned, before and after it.
type change struct {
	before, after lab.Settings
	at            time.Time
}

// record keeps a change of the settings. Nothing that was undone before can be
// done again after it.
func (u *undoStack) record(before, after lab.Settings, now time.Time) {
	c := change{before: lab.Settings{}, after: lab.Settings{}, at: now}
	for id, v := range after {
		if before[id] != v {
			c.before[id], c.after[id] = before[id], v
		}
	}
	if len(c.after) == 0 {
		return
	}
	u.undone = nil
	if n := len(u.done); n > 0 && len(c.after) == 1 && now.Sub(u.done[n-1].at) < turnsTogether && sameKnobs(u.done[n-1].after, c.after) {
		u.done[n-1].after, u.done[n-1].at = c.after, now
		return
	}
	u.done = append(u.done, c)
	u.done = u.done[max(0, len(u.done)-undoDepth):]
}

func sameKnobs(a, b lab.Settings) bool {
	return len(a) == len(b) && !slices.ContainsFunc(slices.Collect(maps.Keys(a)), func(id string) bool { _, ok := b[id]; return !ok })
}

// undo moves the last change to those that were undone. ok is false where there
// is none, or where the settings have been changed since by something else, such
// as a card: then all changes are forgotten.
func (u *undoStack) undo(settings lab.Settings) (c change, ok bool) {
	return move(&u.done, &u.undone, settings, func(c change) lab.Settings { return c.after })
}

// redo is undo for the change that was undone last.
func (u *undoStack) redo(settings lab.Settings) (c change, ok bool) {
	return move(&u.undone, &u.done, settings, func(c change) lab.Settings { return c.before })
}

func move(from, to *[]change, settings lab.Settings, expected func(change) lab.Settings) (c change, ok bool) {
	if len(*from) == 0 {
		return c, false
	}
	c = (*from)[len(*from)-1]
	for id, v := range expected(c) {
		if settings[id] != v {
			*from, *to = nil, nil
			return change{}, false
		}
	}
	*from, *to = (*from)[:len(*from)-1], append(*to, c)
	return c, true
}

// turns takes changes of knobs back and does them again.
type turns struct{ *knobPanel }

// takeBack undoes the last change of knobs.
func (p turns) takeBack() {
	if c, ok := p.undo.undo(p.lab.exp.Settings()); ok {
		p.restore(c.before, "ui.undone")
	} else {
		p.say("ui.nothing_undone")
	}
}

// doAgain does the change again that was undone last.
func (p turns) doAgain() {
	if c, ok := p.undo.redo(p.lab.exp.Settings()); ok {
		p.restore(c.after, "ui.redone")
	} else {
		p.say("ui.nothing_undone")
	}
}

// restore sets knobs and says what they are now.
func (p turns) restore(values lab.Settings, key string) {
	settings := p.lab.exp.Settings()
	for id, v := range values {
		settings = settings.With(id, v)
	}
	if err := p.lab.exp.SetAll(settings); err != nil {
		p.problem = p.refusal(err)
		return
	}
	first, more := "", 0
	for i, k := range p.knobs {
		v, turned := values[k.ID]
		switch {
		case !turned:
		case first == "":
			first = p.text.T(p.lab.spec.ID+".knob."+k.ID+".name") + " " + widget.KnobText(p.text, p.lab.spec.ID, k, v)
			p.selected = i
		default:
			more++
		}
	}
	if more > 0 {
		first = p.text.T("ui.and_more", first, more)
	}
	p.say(key, first)
}
