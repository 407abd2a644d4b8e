package course

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Store keeps a student's progress in a JSON file. It is safe for concurrent
// use, and several programs may use the same file at once: each Save merges one
// record into what the file holds, under a lock.
type Store struct {
	mu      sync.Mutex
	path    string // empty: in memory only
	records map[string]Record
	err     error // of the latest Save
}

// NewStore returns a store that keeps nothing beyond this program: for
// visitors.
func NewStore() *Store { return &Store{records: map[string]Record{}} }

// OpenStore reads the progress in path and writes nothing. A missing or empty
// file counts as no progress. A file of another kind is a *ForeignFileError, one of a
// newer program a *NewerFileError.
func OpenStore(ctx context.Context, path string) (*Store, error) {
	records, err := readProgress(ctx, path)
	if err != nil {
		return nil, err
	}
	return &Store{path: path, records: records}, nil
}

// Record returns what is known of a card.
func (s *Store) Record(id string) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[id]
}

// Save merges the record of one card into the file, which is replaced whole or
// not at all. A card that was passed, here or in another program, stays passed.
func (s *Store) Save(id string, rec Record) error {
	return s.update(map[string]Record{id: rec})
}

// update merges records into memory and the file.
func (s *Store) update(records map[string]Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, rec := range records {
		s.records[id] = Merge(s.records[id], rec)
	}
	if s.path == "" {
		return nil
	}
	s.err = nil
	if err := s.write(slices.Collect(maps.Keys(records))); err != nil {
		s.err = fmt.Errorf("keeping the progress: %w", err)
	}
	return s.err
}

// Err returns the error of the latest Save: what it should have kept is lost.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// write merges the records of some cards into the file; s.mu is held.
func (s *Store) write(ids []string) (err error) {
	path, err := target(s.path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(path + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	records, err := readProgress(context.Background(), path) // reading a regular file never blocks
	if err != nil {
		return err
	}
	for _, id := range ids {
		records[id] = Merge(records[id], s.records[id])
	}
	data, err := encodeProgress(records)
	if err != nil {
		return err
	}
	if err := replaceFile(path, data); err != nil {
		return err
	}
	s.records = records
	return nil
}

// target follows symbolic links, so that a file is replaced and not its link. The
// file of a link may still have to be made.
func target(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return resolved, err
	}
	next, err := os.Readlink(path)
	if err != nil {
		return path, nil // no link
	}
	if !filepath.IsAbs(next) {
		next = filepath.Join(filepath.Dir(path), next)
	}
	return target(next)
}

// replaceFile replaces a file whole or not at all. The caller holds the lock of
// the file, so one name is enough for the new one: what a program left behind
// that was killed is used again.
func replaceFile(path string, data []byte) error {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return os.Rename(next, path)
}
