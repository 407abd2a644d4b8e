package cacheaside

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// entry is what the cache keeps of a product: the product's JSON as the course
// shows it, with what the strategies and the judge need.
type entry struct {
	ID      int     `json:"id"`
	Name    string  `json:"name"`
	Price   float64 `json:"price"`
	Version uint64  `json:"version"`
	Loaded  int64   `json:"loaded_ms"`         // Unix time at which the database was read
	Expires int64   `json:"expires_ms"`        // Unix time at which the TTL ends
	Cost    float64 `json:"cost_ms,omitempty"` // what the load took
	Missing bool    `json:"missing,omitempty"` // the database has no such product
	Padding string  `json:"padding,omitempty"` // makes values as large as an experiment needs
}

func newEntry(p catalog.Product, readAt time.Time) entry {
	return entry{ID: p.ID, Name: p.Name, Price: p.Price, Version: p.Version, Loaded: readAt.UnixMilli()}
}

func (e entry) loadedAt() time.Time { return time.UnixMilli(e.Loaded) }

// found is catalog.ErrNotFound where the entry says that there is no product.
func (e entry) found() error {
	if e.Missing {
		return catalog.ErrNotFound
	}
	return nil
}

// encode writes an entry, padded by the given number of bytes.
func (e entry) encode(padding int) []byte {
	e.Padding = strings.Repeat("x", padding)
	raw, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("an entry of finite numbers and text has no JSON: %v", err))
	}
	return raw
}

func decodeEntry(raw []byte) (entry, error) {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return entry{}, fmt.Errorf("reading a cached product: %w", err)
	}
	return e, nil
}
