package course

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"resilab/labs/textfile"
)

// progressVersion is the version of the file's form.
const progressVersion = 1

// progressFile is the file's form.
type progressFile struct {
	Version int               `json:"version"`
	Cards   map[string]Record `json:"cards"`
}

// ForeignFileError reports a file that holds something else than progress. It is
// left as it is.
type ForeignFileError struct {
	Path string
	Err  error
}

func (e *ForeignFileError) Error() string {
	return fmt.Sprintf("%s is no progress file: %v", e.Path, e.Err)
}

func (e *ForeignFileError) Unwrap() error { return e.Err }

// NewerFileError reports progress that a newer program has written. It is left as
// it is.
type NewerFileError struct {
	Path    string
	Version int
}

func (e *NewerFileError) Error() string {
	return fmt.Sprintf("%s has version %d, this program reads version %d", e.Path, e.Version, progressVersion)
}

var errNoFile = errors.New("not a regular file")

// readProgress reads the records of a file; a missing or empty one has none.
func readProgress(ctx context.Context, path string) (map[string]Record, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Record{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the progress: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &ForeignFileError{path, errNoFile}
	}
	text, err := textfile.Read(ctx, path)
	var encoding *textfile.EncodingError
	if errors.As(err, &encoding) {
		return nil, &ForeignFileError{path, encoding}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the progress: %w", err)
	}
	records, version, err := decodeProgress(text)
	switch {
	case err != nil:
		return nil, &ForeignFileError{path, err}
	case version > progressVersion:
		return nil, &NewerFileError{path, version}
	}
	return records, nil
}

// decodeProgress reads the records in a text. Those of a newer version are not
// read.
func decodeProgress(text string) (records map[string]Record, version int, err error) {
	if text == "" {
		return map[string]Record{}, progressVersion, nil
	}
	var head struct {
		Version *int             `json:"version"`
		Cards   *json.RawMessage `json:"cards"`
	}
	if err := json.Unmarshal([]byte(text), &head); err != nil {
		return nil, 0, err
	}
	if head.Version == nil || head.Cards == nil || *head.Version < 1 {
		return nil, 0, errors.New(`it has no "version" and "cards"`)
	}
	if *head.Version > progressVersion {
		return nil, *head.Version, nil
	}
	if err := json.Unmarshal(*head.Cards, &records); err != nil {
		return nil, 0, err
	}
	if records == nil {
		records = map[string]Record{}
	}
	return records, *head.Version, nil
}

func encodeProgress(records map[string]Record) ([]byte, error) {
	data, err := json.MarshalIndent(progressFile{Version: progressVersion, Cards: records}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}
