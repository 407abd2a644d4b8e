package course

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// storeVersion is the version of the file's form.
const storeVersion = 1

// Store keeps a student's progress in a JSON file. It is safe for concurrent
// use, and several programs may use the same file one after another.
type Store struct {
	mu      sync.Mutex
	path    string // empty: in memory only
	records map[string]Record
}

type storeFile struct {
	Version int               `json:"version"`
	Cards   map[string]Record `json:"cards"`
}

// SetAside tells that a broken progress file was moved, not lost: the student
// begins anew and the old file can be mended.
type SetAside struct {
	Path  string // where the file is now
	Cause error  // what is wrong with it
}

// NewStore returns a store that keeps nothing beyond this program: for
// visitors.
func NewStore() *Store { return &Store{records: map[string]Record{}} }

// OpenStore reads the progress in path; a missing file is an empty one. aside
// is not nil where the file was broken and has been moved out of the way.
func OpenStore(path string) (s *Store, aside *SetAside, err error) {
	s = &Store{path: path}
	s.records, err = readRecords(path)
	var broken *brokenError
	if errors.As(err, &broken) {
		moved, err := moveAside(path)
		if err != nil {
			return nil, nil, fmt.Errorf("setting aside the broken progress file: %w", err)
		}
		s.records = map[string]Record{}
		return s, &SetAside{Path: moved, Cause: broken.cause}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the progress: %w", err)
	}
	return s, nil, nil
}

// brokenError is a file that can be read and does not hold progress.
type brokenError struct{ cause error }

func (e *brokenError) Error() string { return e.cause.Error() }

func readRecords(path string) (map[string]Record, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Record{}, nil
	}
	if err != nil {
		return nil, err
	}
	var file storeFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, &brokenError{err}
	}
	if file.Version != storeVersion || file.Cards == nil {
		return nil, &brokenError{fmt.Errorf("version %d instead of %d", file.Version, storeVersion)}
	}
	return file.Cards, nil
}

// moveAside renames the file to the first free name.
func moveAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.broken-%d", path, n)
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return aside, os.Rename(path, aside)
		} else if err != nil {
			return "", err
		}
	}
}

// Record returns what is known of a card.
func (s *Store) Record(id string) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[id]
}

// Save keeps the record of one card. The file is replaced whole or not at
// all, and what another program has kept of other cards meanwhile stays.
func (s *Store) Save(id string, rec Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[id] = rec
	if s.path == "" {
		return nil
	}
	if others, err := readRecords(s.path); err == nil {
		mine := s.records[id]
		maps.Copy(s.records, others)
		s.records[id] = mine
	}
	data, err := json.MarshalIndent(storeFile{Version: storeVersion, Cards: s.records}, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping the progress: %w", err)
	}
	if err := replaceFile(s.path, append(data, '\n')); err != nil {
		return fmt.Errorf("keeping the progress: %w", err)
	}
	return nil
}

func replaceFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".progress-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // nothing is there any more after the renaming
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
