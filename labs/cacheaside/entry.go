package cacheaside

import (
	"encoding/json"
	"fmt"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// entry is what the cache keeps of a product: the product's JSON as the course
// shows it, with what the lab needs to judge it.
type entry struct {
	ID      int     `json:"id"`
	Name    string  `json:"name"`
	Price   float64 `json:"price"`
	Version uint64  `json:"version"`
	Loaded  int64   `json:"loaded_ms"` // Unix time at which the database was read
}

func newEntry(p catalog.Product, readAt time.Time) entry {
	return entry{ID: p.ID, Name: p.Name, Price: p.Price, Version: p.Version, Loaded: readAt.UnixMilli()}
}

func (e entry) loadedAt() time.Time { return time.UnixMilli(e.Loaded) }

func (e entry) encode() []byte {
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
