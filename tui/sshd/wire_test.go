package sshd

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/hinshun/vt10x"
)

// twin is the output of a program on two terminals: as Bubble Tea writes it, and
// shortened.
type twin struct {
	mu             sync.Mutex
	plain, short   vt10x.Terminal
	sent, received int
	wire           wire
	failed         string
	drawn          chan struct{} // receives after each write
}

func (w *twin) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.plain.Write(p)
	short := w.wire.shorten(p)
	_, _ = w.short.Write(short)
	w.sent, w.received = w.sent+len(p), w.received+len(short)
	if a, b := look(w.plain), look(w.short); a != b && w.failed == "" {
		w.failed = fmt.Sprintf("%q was shortened to %q: the terminal shows\n%s\nwant\n%s", p, short, w.short, w.plain)
	}
	select {
	case w.drawn <- struct{}{}:
	default:
	}
	return len(p), nil
}

// look is all that a terminal shows, and where its cursor is.
func look(term vt10x.Terminal) string {
	var b strings.Builder
	w, h := term.Size()
	for y := range h {
		for x := range w {
			g := term.Cell(x, y)
			fmt.Fprintf(&b, "%c%d,%d,%d ", g.Char, g.Mode, g.FG, g.BG)
		}
	}
	return b.String() + fmt.Sprint(term.Cursor().X, term.Cursor().Y)
}

// pages is a program that shows the page that it is sent.
type pages struct{ page string }

func (p pages) Init() tea.Cmd { return nil }
func (p pages) View() string  { return p.page }
func (p pages) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if page, ok := msg.(string); ok {
		p.page = page
	}
	return p, nil
}

// What is shortened looks the same on the terminal after every write of Bubble Tea's
// renderer: changed rows, more and fewer of them, another size, a cleared screen.
func TestWhatIsShortenedLooksTheSame(t *testing.T) {
	const w, h = 60, 12
	out := &twin{plain: vt10x.New(vt10x.WithSize(w, h)), short: vt10x.New(vt10x.WithSize(w, h)), drawn: make(chan struct{}, 1)}
	program := tea.NewProgram(pages{}, tea.WithContext(t.Context()), tea.WithInput(nil), tea.WithOutput(out), tea.WithAltScreen(),
		tea.WithFPS(120), tea.WithoutSignalHandler(), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	ended := make(chan error, 1)
	go func() {
		_, err := program.Run()
		ended <- err
	}()
	page := func(rows, n int) string {
		var b strings.Builder
		for y := range rows {
			if y > 0 {
				b.WriteByte('\n')
			}
			if y%4 == 3 {
				continue // empty
			}
			fmt.Fprintf(&b, "\x1b[1mrow %d\x1b[0m of words that stay, \x1b[32m%5d\x1b[0m %s", y, n*(y%3), strings.Repeat("█", (n+y)%9))
		}
		return b.String()
	}
	show := func(msgs ...tea.Msg) {
		for len(out.drawn) > 0 {
			<-out.drawn
		}
		for _, msg := range msgs {
			program.Send(msg)
		}
		<-out.drawn
	}
	show(tea.WindowSizeMsg{Width: w, Height: h}, page(h, 1))
	for n := range 60 {
		switch n % 20 {
		case 5:
			show(page(h-3, n))
		case 10:
			show(tea.ClearScreen(), page(h, n))
		case 15:
			show(tea.WindowSizeMsg{Width: w, Height: h}, page(h, n))
		default:
			show(page(h, n))
		}
	}
	program.Quit()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if out.failed != "" {
		t.Error(out.failed)
	}
	if out.received*3 > out.sent*2 {
		t.Errorf("%d bytes of %d are left", out.received, out.sent)
	}
}
