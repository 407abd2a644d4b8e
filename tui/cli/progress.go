package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"resilab/labs/course"
)

// progressFile is where a person's progress in the course is kept.
type progressFile struct {
	path   string // empty: progress.json in the folder of the configuration
	getenv func(string) string
	out    output
}

// open reads the progress. Where there is no home to keep a file in, or one that
// this user may not read, the progress lasts as long as the program, which says so.
func (p progressFile) open(ctx context.Context) (*course.Store, error) {
	if p.path != "" {
		return course.OpenStore(ctx, p.path)
	}
	dir, err := configDir(p.getenv)
	if err != nil {
		p.out.note(p.out.text.T("cli.course.nohome"))
		return course.NewStore(), nil
	}
	store, err := course.OpenStore(ctx, filepath.Join(dir, "progress.json"))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		p.out.note(p.out.text.T("cli.course.unreadable", oneLine(err.Error())))
		return course.NewStore(), nil
	}
	return store, err
}
