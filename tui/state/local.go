package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resilab/labs/course"
)

// Local keeps the state in files under one folder: people/ID.json and
// progress/ID.json.
type Local struct{ dir string }

var _ Store = (*Local)(nil)

// OpenLocal returns the state in a folder, which it makes where it is missing.
func OpenLocal(dir string) (*Local, error) {
	for _, sub := range []string{"people", "progress"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("opening the state: %w", err)
		}
	}
	return &Local{dir: dir}, nil
}

// People implements Store. Files that hold no person are left out.
func (l *Local) People(ctx context.Context) (people []Person, err error) {
	entries, err := os.ReadDir(filepath.Join(l.dir, "people"))
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || CheckID(id) != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(l.dir, "people", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading a person: %w", err)
		}
		var p Person
		if json.Unmarshal(data, &p) == nil && p.ID == id {
			people = append(people, p)
		}
	}
	slices.SortFunc(people, func(a, b Person) int {
		return cmp.Or(cmp.Compare(fold(a.Name), fold(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return people, nil
}

// Keep implements Store.
func (l *Local) Keep(_ context.Context, p Person) error {
	if err := CheckID(p.ID); err != nil {
		return err
	}
	path := filepath.Join(l.dir, "people", p.ID+".json")
	var old Person
	if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &old) == nil {
		p.Active = max(p.Active, old.Active)
	}
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return replace(path, append(data, '\n'))
}

// Progress implements Store.
func (l *Local) Progress(ctx context.Context, id string) (Progress, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	store, err := course.OpenStore(ctx, filepath.Join(l.dir, "progress", id+".json"))
	if err != nil {
		return nil, err
	}
	return store, nil
}

// replace writes a file whole or not at all, mode 0600.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // does nothing after the renaming
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
