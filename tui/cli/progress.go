package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"resilab/labs/course"
)

// progressFile is where a person's progress in the course is kept.
type progressFile struct {
	path   string // empty: the one that find returns
	getenv func(string) string
	out    output
}

// open reads the progress. Where there is no home to keep a file in, or one that
// this user may not read, the progress lasts as long as the program, which says so.
func (p progressFile) open(ctx context.Context) (*course.Store, error) {
	if p.path != "" {
		return course.OpenStore(ctx, p.path)
	}
	path, err := p.find()
	if err != nil {
		p.out.note(p.out.text.T("cli.course.nohome"))
		return course.NewStore(), nil
	}
	store, err := course.OpenStore(ctx, path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		p.out.note(p.out.text.T("cli.course.unreadable", oneLine(err.Error())))
		return course.NewStore(), nil
	}
	return store, err
}

// find returns the file in the state folder, or the one in the folder of the
// configuration where an older program began it.
func (p progressFile) find() (string, error) {
	const name = "progress.json"
	dir, err := stateDir(p.getenv)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	config, err := configDir(p.getenv)
	if err != nil || exists(path) {
		return path, nil
	}
	if older := filepath.Join(config, name); exists(older) {
		return older, nil
	}
	return path, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
