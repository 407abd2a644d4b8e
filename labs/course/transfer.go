package course

import (
	"context"
	"fmt"
	"maps"
	"os"
)

// Export writes the progress to a new file, which Import reads. A file that
// exists is an error.
func (s *Store) Export(path string) error {
	s.mu.Lock()
	data, err := encodeProgress(s.records)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("exporting the progress: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("exporting the progress: %w", err)
	}
	_, err = f.Write(data)
	if errClose := f.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return fmt.Errorf("exporting the progress to %s: %w", path, err)
	}
	return nil
}

// Import merges the progress in a file that Export or Save has written, and
// returns how many cards it has. Nothing that was passed here is lost.
func (s *Store) Import(ctx context.Context, path string) (cards int, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("importing the progress: %w", err)
	}
	records, err := readProgress(ctx, path)
	if err != nil {
		return 0, err
	}
	return len(records), s.update(records)
}

// Reset removes what is known of some cards, in other programs that have the file
// open as well. How often a card was reset is kept.
func (s *Store) Reset(ids ...string) error {
	s.mu.Lock()
	records := maps.Clone(s.records)
	s.mu.Unlock()
	if s.path != "" {
		kept, err := readProgress(context.Background(), s.path)
		if err != nil {
			return err
		}
		for id, rec := range kept {
			records[id] = Merge(records[id], rec)
		}
	}
	next := map[string]Record{}
	for _, id := range ids {
		if rec, begun := records[id]; begun {
			next[id] = Record{Resets: rec.Resets + 1}
		}
	}
	return s.update(next)
}

// Begun lists the cards of which something is known, in no order.
func (s *Store) Begun() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.records {
		ids = append(ids, id)
	}
	return ids
}
