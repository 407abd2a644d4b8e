package trial

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/panes"
	"resilab/tui/widget"
)

// entry is the line of the lab in the registry of labs.
func entry() labs.Entry {
	return labs.Entry{
		Spec: bulkheadSpec(), New: newBulkhead, Commands: []lab.Command{slotsCommand()},
		Export: &lab.Export{Targets: []string{"semaphore"},
			Target: func(lab.Settings) string { return "semaphore" },
			Code: func(_ i18n.Lang, _ string, s lab.Settings) (string, error) {
				return fmt.Sprintf("slots := make(chan struct{}, %d)\n", s.Int("slots")), nil
			}},
	}
}

// allLabs and allPanes are the registries with the trial's line in each.
func allLabs() labs.Registry { return append(labs.All(), entry()) }

func allPanes() pane.Registry {
	all := panes.All()
	all["bulkhead"] = picture{}
	return all
}

// slotsCommand is Little's law.
func slotsCommand() lab.Command {
	return lab.Command{
		Name: "slots",
		Flags: []lab.Knob{
			lab.NewRate("rate", 50, 1, 500), lab.NewDuration("work", 100*time.Millisecond, time.Millisecond, time.Minute),
		},
		Run: func(_ context.Context, c *lab.Call) error {
			rate, work := c.Flags.Int("rate"), c.Flags.Duration("work")
			var t lab.Table
			t.Row(c.Text.T("bulkhead.needed", rate, work, int(math.Ceil(float64(rate)*work.Seconds()))), "")
			return c.Print(t)
		},
	}
}

// picture draws the slots.
type picture struct{}

func (picture) Views() int { return 1 }

func (picture) Draw(f pane.Frame) []string {
	rows := make([]string, 0, f.H)
	for y := range f.H {
		l := widget.NewLine(f.Theme, f.W)
		if used, ok := f.Snap.Detail.(string); ok && y == 0 {
			n, all, _ := strings.Cut(used, "/")
			l.Text(n + " / " + all)
		}
		rows = append(rows, l.String())
	}
	return rows
}
