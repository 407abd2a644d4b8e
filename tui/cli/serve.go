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
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"golang.org/x/sync/errgroup"

	"resilab/labs/clock"
	"resilab/labs/course"
	"resilab/labs/course/report"
	"resilab/labs/course/tour"
	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/tui/app"
	"resilab/tui/metrics"
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
		lab.NewText("metrics", ""),
		lab.NewBool("demo", false),
		lab.NewBool("private", false),
		lab.NewDuration("keep", 2*time.Minute, 0, time.Hour),
		lab.NewInt("max-sessions", 64, 1, 1000),
		lab.NewInt("max-per-address", 40, 1, 2000),
		lab.NewText("exempt", ""),
		idle, seedFlag(), languageFlag(),
	}
	return append(append(flags, cardFlags()...), brokerFlags()...)
}

// runServe serves the labs over SSH. All visitors share the session's brokers;
// each has separate experiments, and so separate namespaces.
func runServe(ctx context.Context, c *call) error {
	if err := errors.Join(c.in.noArgs(), c.in.checkAddresses("addr")); err != nil {
		return err
	}
	opt, err := serverFlags{in: c.in, getenv: c.world.Getenv, out: c.out}.options(ctx)
	if err == nil {
		err = serveClass(ctx, c, opt)
	}
	if opt.State != nil {
		err = errors.Join(err, closeState(ctx, opt.State))
	}
	return err
}

// operationsPerProcessor is how many operations a second the labs of all visitors
// may begin for each processor at most. A read of the cache takes 0.2 to 0.3 ms of one,
// so three quarters of the time are left for the screens.
const operationsPerProcessor = 1000

// serveClass serves the labs until ctx ends.
func serveClass(ctx context.Context, c *call, opt sshd.Options) error {
	book, err := cardsOf(c).load(false)
	if err != nil {
		return err
	}
	texts, err := catalogues(c.world.Labs)
	if err != nil {
		return err
	}
	session, err := c.openSession()
	if err != nil {
		return err
	}
	common := screen{labs: c.world.Labs, panes: c.world.Panes, course: courseParts{book: book}, session: session, texts: texts, runs: labRuns{seed: c.in.seed()}, guest: true, frames: app.RemoteFrames}
	capacity := clock.NewCapacity(float64(operationsPerProcessor*runtime.GOMAXPROCS(0)), clock.Lateness())
	common.shared.Capacity = capacity
	turns := kit.NewTurns(runtime.GOMAXPROCS(0) / 2) // the rest draws screens
	opt.Cards = book.IDs()
	opt.Report = func(p state.Person, progress course.Records) *report.Document {
		return report.New(book, progress, c.text.Lang(), report.Options{Program: c.world.program(), Student: p.Label(), Now: time.Now()})
	}
	if opt.Demos, err = demos(ctx, c, common, opt); err != nil {
		return errors.Join(err, session.Close())
	}
	opt.NewProgram = func(visitor context.Context, who sshd.SessionInfo) (tea.Model, func(), error) {
		own := common
		own.shared.Turn = turns.NewShare().Wait
		return visits{opt, func() (context.Context, context.CancelFunc) { return leaving(ctx) }}.visit(visitor, own, who)
	}
	beside, stop := context.WithCancel(ctx)
	var work errgroup.Group
	work.Go(func() error {
		capacity.Share(beside)
		return nil
	})
	work.Go(func() error {
		reloadOnHangup(beside, c.world, opt.Logger, opt.Keys, opt.Admins)
		return nil
	})
	if addr := c.in.flags.Text("metrics"); addr != "" {
		opt.Metrics = metrics.New()
		work.Go(func() error {
			defer stop() // without metrics that were asked for nothing is served
			return opt.Metrics.Serve(beside, addr, func(at net.Addr) { opt.Logger.Info("metrics", "addr", at.String()) })
		})
	}
	err = sshd.Serve(beside, opt)
	stop()
	return errors.Join(err, work.Wait(), session.Close())
}

// demos are the tours for visitors; nothing is kept of what is done in them.
func demos(ctx context.Context, c *call, common screen, opt sshd.Options) (d sshd.Demos, err error) {
	tours, err := tour.Load(c.world.Labs.Specs()...)
	if err != nil {
		return d, err
	}
	return sshd.Demos{Demo: c.in.flags.Bool("demo"), Tours: tourIDs(tours),
		NewDemo: func(visitor context.Context, who sshd.SessionInfo, name string) (tea.Model, func(), error) {
			own := common
			t, _ := tour.Find(tours, name) // the server asks for one of Tours
			own.course.store = course.NewStore()
			own.course.tour = app.TourOptions{Tour: t, Loop: true, Leave: true}
			return visits{opt, func() (context.Context, context.CancelFunc) { return leaving(ctx) }}.visit(visitor, own, who)
		}}, nil
}

// serverFlags turn the flags of serve into a server's options.
type serverFlags struct {
	in     values
	getenv func(string) string
	out    output
}

func (f serverFlags) options(ctx context.Context) (opt sshd.Options, err error) {
	flags := f.in.flags
	opt = sshd.Options{
		Addr: flags.Text("addr"), Lang: f.out.text.Lang(),
		Logins: sshd.Logins{Open: flags.Bool("open"), ClassCode: flags.Text("class-code")},
		Limits: sshd.Limits{
			MaxSessions: flags.Int("max-sessions"), MaxPerAddress: flags.Int("max-per-address"),
			IdleTimeout: flags.Duration("idle"), Keep: flags.Duration("keep"),
		},
		Orders: sshd.Orders{Private: flags.Bool("private"), OpenCard: func(id string) tea.Msg { return app.OpenCardMsg(id) }, Hint: app.HintMsg{},
			Away: func(away bool) tea.Msg { return app.AwayMsg(away) }},
		Logger: slog.New(slog.NewTextHandler(f.out.stderr, nil)), Ready: f.announce,
	}
	if opt.HostKeyPath, err = f.path("host-key", "host_ed25519"); err != nil {
		return opt, err
	}
	if err := f.openState(ctx, &opt); err != nil {
		return opt, err
	}
	if opt.Exempt, err = parseExempt(flags.Text("exempt")); err != nil {
		return opt, usageError{err}
	}
	if opt.Keys, err = openKeys(ctx, "keys", flags.Text("keys"), opt.Logger); err != nil {
		return opt, err
	}
	if opt.Admins, err = openKeys(ctx, "admin-keys", flags.Text("admin-keys"), opt.Logger); err != nil {
		return opt, err
	}
	return opt, f.checkLogins(opt)
}

// openState opens the state: in Redis, which joins several servers, else in the
// files of a folder.
func (f serverFlags) openState(ctx context.Context, opt *sshd.Options) error {
	if url := f.in.flags.Text("state"); strings.HasPrefix(url, "redis://") || strings.HasPrefix(url, "rediss://") {
		kept, err := state.OpenRedis(ctx, url, opt.Logger)
		if err != nil {
			return err
		}
		opt.State, opt.Bus = kept, kept
		return nil
	}
	dir, err := f.path("state", "class")
	if err != nil {
		return err
	}
	opt.State, err = state.OpenLocal(dir)
	return err
}

// closeState writes what waits and closes the state.
func closeState(ctx context.Context, store state.Store) error {
	c, ok := store.(interface{ Close(context.Context) error })
	if !ok {
		return nil
	}
	closing, cancel := detached(ctx)
	defer cancel()
	return c.Close(closing)
}

// checkLogins refuses logins that exclude each other, and a server that no one
// could log in to.
func (f serverFlags) checkLogins(opt sshd.Options) error {
	if opt.Open && opt.ClassCode != "" {
		return usageError{&wordedError{key: "cli.error.together", args: []any{"--open", "--class-code"}}}
	}
	if !opt.Open && opt.Keys == nil && opt.ClassCode == "" {
		return usageError{&wordedError{key: "cli.serve.nobody"}}
	}
	return nil
}

// path returns the path that a flag names, by default one in the folder of the
// configuration.
func (f serverFlags) path(flag, name string) (string, error) {
	if path := f.in.flags.Text(flag); path != "" {
		return path, nil
	}
	dir, err := configDir(f.getenv)
	if err != nil {
		return "", usageError{&wordedError{key: "cli.error.novalue", args: []any{"--" + flag, f.out.text.T("cli.help.type.text")}}}
	}
	return filepath.Join(dir, name), nil
}

// announce says where the server listens and how to log in.
func (f serverFlags) announce(addr net.Addr, fingerprint string) {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		host, port = addr.String(), "22"
	}
	text := f.out.text
	fmt.Fprintln(f.out.stdout, text.T("cli.serve.listening", addr.String()))
	fmt.Fprintln(f.out.stdout, text.T("cli.serve.fingerprint", fingerprint))
	fmt.Fprintln(f.out.stdout, text.T("cli.serve.connect", port, host))
}

// openKeys opens the file of keys that a flag names; nil if it names none.
func openKeys(ctx context.Context, flag, path string, log *slog.Logger) (*sshd.Keyring, error) {
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

// classKeys are the keys for what a visitor can do with others.
func classKeys(class sshd.Class) (keys []app.Key) {
	for _, k := range []app.Key{{Key: "P", Means: "present", Run: class.Present}, {Key: "W", Means: "watch", Run: class.Watch},
		{Key: "N", Means: "refuse", Run: class.Refuse}} {
		if k.Run != nil {
			keys = append(keys, k)
		}
	}
	return keys
}

// leaveTimeout bounds the removal of what a visitor's labs leave behind. A busy
// server may be slow when a class leaves, and nobody waits for it.
const leaveTimeout = time.Minute

// leaving returns the context of that removal. Once the server stops, which the end
// of its context says, little time is left.
func leaving(server context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(server), leaveTimeout)
	running := context.AfterFunc(server, func() { time.AfterFunc(stopTimeout, cancel) })
	return ctx, func() {
		running()
		cancel()
	}
}

// visits makes the programs of a server's visitors.
type visits struct {
	opt     sshd.Options
	leaving func() (context.Context, context.CancelFunc) // of closing a program
}

// visit makes one visitor's program: the common parts with the visitor's progress,
// language and colours.
func (v visits) visit(ctx context.Context, s screen, who sshd.SessionInfo) (tea.Model, func(), error) {
	opt := v.opt
	s.lang, s.shared.Crashed, s.keys = who.Lang, who.Crashed, classKeys(who.Class)
	if s.course.store == nil {
		kept, err := state.Recorder(ctx, opt.State, who.Person, time.Now)
		if err != nil {
			return nil, nil, err
		}
		s.course.store = kept
	}
	s.theme = theme.New(theme.Options{Getenv: who.Getenv, Dark: background("auto", who.Getenv("COLORFGBG")), Name: theme.Terminal})
	model, err := s.model()
	if err != nil {
		return nil, nil, err
	}
	return model, func() {
		closing, cancel := v.leaving()
		defer cancel()
		if err := model.Close(closing); err != nil {
			opt.Metrics.BrokerError("leaving")
			opt.Logger.Error("leaving", "remote", who.Remote, "err", err)
		}
	}, nil
}
