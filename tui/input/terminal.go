package input

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/muesli/cancelreader"
)

// Terminal is this process's terminal as the input of a tea.Program. It is a
// term.File, so that Bubble Tea puts the terminal into raw mode.
type Terminal struct {
	*Reader
	file   *os.File
	source cancelreader.CancelReader
	stop   context.CancelFunc
	pumped chan struct{}
}

// OpenTerminal begins to read keys from file. The caller must call Close after
// the program has ended.
func OpenTerminal(file *os.File) (*Terminal, error) {
	source, err := cancelreader.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("reading keys from the terminal: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &Terminal{Reader: NewReader(ctx), file: file, source: source, stop: stop, pumped: make(chan struct{})}
	if runtime.GOOS == "windows" { // Bubble Tea reads the console's events itself
		close(t.pumped)
		return t, nil
	}
	go func() {
		defer close(t.pumped)
		t.Pump(source)
	}()
	return t, nil
}

// Fd returns the terminal's file descriptor.
func (t *Terminal) Fd() uintptr { return t.file.Fd() }

// Write implements io.Writer by writing to the terminal.
func (t *Terminal) Write(p []byte) (int, error) { return t.file.Write(p) }

// Close stops reading and waits until no byte is taken from the terminal any
// more. The file stays open.
func (t *Terminal) Close() error {
	t.stop()
	if t.source.Cancel() {
		<-t.pumped
	}
	return t.source.Close()
}
