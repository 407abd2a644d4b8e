package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/course"
	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/tui/app"
	"resilab/tui/sshd"
	"resilab/tui/state"
	"resilab/tui/theme"
)

func serveFlags() []lab.Knob {
	idle := lab.NewDuration("idle", 10*time.Minute, 10*time.Second, 24*time.Hour)
	flags := []lab.Knob{
		lab.NewText("addr", "127.0.0.1:2222"),
		lab.NewBool("open", false),
		lab.NewText("keys", ""),
		lab.NewText("class-code", ""),
		lab.NewText("admin-keys", ""),
		lab.NewText("host-key", ""),
		lab.NewText("state", ""),
		lab.NewDuration("keep", 2*time.Minute, 0, time.Hour),
		lab.NewInt("max-sessions", 64, 1, 1000),
		lab.NewInt("max-per-address", 40, 1, 2000),
		lab.NewText("exempt", ""),
		idle, seedFlag(), languageFlag(),
	}
	return append(flags, brokerFlags()...)
}

// runServe serves the labs over SSH. All visitors share the session's brokers;
// each has separate experiments, and so separate namespaces.
func runServe(ctx context.Context, c *call) error {
	if err := errors.Join(c.noArgs(), c.checkAddresses("addr")); err != nil {
		return err
	}
	opt, err := c.serverOptions(ctx)
	if err != nil {
		return err
	}
	book, err := course.Load(c.Labs.Specs()...)
	if err != nil {
		return err
	}
	texts, err := catalogues(c.Labs)
	if err != nil {
		return err
	}
	session, err := c.newSession()
	if err != nil {
		return err
	}
	common := screen{labs: c.Labs, panes: c.Panes, book: book, session: session, texts: texts, seed: uint64(c.flags.Int("seed")), guest: true, frames: app.RemoteFrames}
	turns := kit.NewTurns(runtime.GOMAXPROCS(0) / 2) // the rest draws screens
	opt.Cards = book.IDs()
	opt.NewProgram = func(ctx context.Context, who sshd.SessionInfo) (tea.Model, func(), error) {
		own := common
		own.turn = turns.NewShare().Wait
		return visit(ctx, own, who, opt)
	}
	reloading, stopReloading := context.WithCancel(ctx)
	var reloads sync.WaitGroup
	reloads.Go(func() { reloadOnHangup(reloading, c.World, opt.Logger, opt.Keys, opt.Admins) })
	err = sshd.Serve(ctx, opt)
	stopReloading()
	reloads.Wait()
	return errors.Join(err, session.Close())
}

func (c *call) serverOptions(ctx context.Context) (opt sshd.Options, err error) {
	opt = sshd.Options{
		Addr: c.flags.Text("addr"), Lang: c.text.Lang(),
		Logins: sshd.Logins{Open: c.flags.Bool("open"), ClassCode: c.flags.Text("class-code")},
		Limits: sshd.Limits{
			MaxSessions: c.flags.Int("max-sessions"), MaxPerAddress: c.flags.Int("max-per-address"),
			IdleTimeout: c.flags.Duration("idle"), Keep: c.flags.Duration("keep"),
		},
		Logger: slog.New(slog.NewTextHandler(c.Stderr, nil)), Ready: c.announce,
	}
	if opt.HostKeyPath, err = c.pathOf("host-key", "host_ed25519"); err != nil {
		return opt, err
	}
	dir, err := c.pathOf("state", "class")
	if err != nil {
		return opt, err
	}
	if opt.State, err = state.OpenLocal(dir); err != nil {
		return opt, err
	}
	if opt.Exempt, err = parseExempt(c.flags.Text("exempt")); err != nil {
		return opt, usageError{err}
	}
	if opt.Keys, err = c.openKeys(ctx, "keys", opt.Logger); err != nil {
		return opt, err
	}
	if opt.Admins, err = c.openKeys(ctx, "admin-keys", opt.Logger); err != nil {
		return opt, err
	}
	if opt.Open && opt.ClassCode != "" {
		return opt, usageError{errors.New(c.text.T("cli.error.together", "--open", "--class-code"))}
	}
	if !opt.Open && opt.Keys == nil && opt.ClassCode == "" {
		return opt, usageError{errors.New(c.text.T("cli.serve.nobody"))}
	}
	return opt, nil
}

// openKeys opens the file of keys that a flag names; nil if it names none.
func (c *call) openKeys(ctx context.Context, flag string, log *slog.Logger) (*sshd.Keyring, error) {
	path := c.flags.Text(flag)
	if path == "" {
		return nil, nil
	}
	keys, refused, err := sshd.OpenKeyring(ctx, path)
	warnRefused(log, refused)
	if err != nil {
		return nil, usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	return keys, nil
}

// pathOf returns the path that a flag names, by default one in the folder of the
// configuration.
func (c *call) pathOf(flag, name string) (string, error) {
	if path := c.flags.Text(flag); path != "" {
		return path, nil
	}
	dir, err := configDir(c.Getenv)
	if err != nil {
		return "", usageError{errors.New(c.text.T("cli.error.novalue", "--"+flag, c.text.T("cli.help.type.text")))}
	}
	return filepath.Join(dir, name), nil
}

// parseExempt reads addresses and networks with commas between them.
func parseExempt(list string) (nets []netip.Prefix, err error) {
	for field := range strings.SplitSeq(list, ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(field)
		if addr, bad := netip.ParseAddr(field); bad == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, &lab.KnobError{Knob: "exempt", Value: field, Allowed: "10.1.0.0/16,192.0.2.7 …"}
		}
		nets = append(nets, prefix)
	}
	return nets, nil
}

func (c *call) announce(addr net.Addr, fingerprint string) {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		host, port = addr.String(), "22"
	}
	fmt.Fprintln(c.Stdout, c.text.T("cli.serve.listening", addr.String()))
	fmt.Fprintln(c.Stdout, c.text.T("cli.serve.fingerprint", fingerprint))
	fmt.Fprintln(c.Stdout, c.text.T("cli.serve.connect", port, host))
}

// visit makes one visitor's program: the common parts with the visitor's progress,
// language and colours.
func visit(ctx context.Context, s screen, who sshd.SessionInfo, opt sshd.Options) (tea.Model, func(), error) {
	s.lang, s.crashed = who.Lang, who.Crashed
	var err error
	if s.store, err = state.Recorder(ctx, opt.State, who.Person, time.Now); err != nil {
		return nil, nil, err
	}
	s.theme = theme.New(theme.Options{Getenv: who.Getenv, Dark: background("auto", who.Getenv("COLORFGBG"))})
	model, err := s.model()
	if err != nil {
		return nil, nil, err
	}
	return model, func() {
		closing, cancel := detached(ctx)
		defer cancel()
		if err := model.Close(closing); err != nil {
			opt.Logger.Error("leaving", "remote", who.Remote, "err", err)
		}
	}, nil
}
