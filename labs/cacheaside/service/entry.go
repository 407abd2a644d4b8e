package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
)

// Entry is what the cache keeps of a product: the product's JSON as the course
// shows it, with what the strategies and the staleness check need.
type Entry struct {
	ID      int     `json:"id"`
	Name    string  `json:"name"`
	Price   float64 `json:"price"`
	Version uint64  `json:"version"`
	Loaded  int64   `json:"loaded_ms"`         // lab time at which the database was read, Unix ms
	Expires int64   `json:"expires_ms"`        // lab time at which the TTL ends, Unix ms
	Cost    float64 `json:"cost_ms,omitempty"` // what a reader waits for a load
	Missing bool    `json:"missing,omitempty"` // the database has no such product
	Padding string  `json:"padding,omitempty"` // makes values as large as an experiment needs
}

func newEntry(p catalog.Product, readAt time.Time) Entry {
	return Entry{ID: p.ID, Name: p.Name, Price: p.Price, Version: p.Version, Loaded: readAt.UnixMilli()}
}

// LoadedAt returns when the database was read.
func (e Entry) LoadedAt() time.Time { return time.UnixMilli(e.Loaded) }

// found returns catalog.ErrNotFound where the entry says that there is no product.
func (e Entry) found() error {
	if e.Missing {
		return catalog.ErrNotFound
	}
	return nil
}

func (e Entry) asCopy(ttl time.Duration) measure.Copy {
	return measure.Copy{Version: e.Version, Price: e.Price, TTL: ttl, Absence: e.Missing}
}

// encode writes an entry, padded by the given number of bytes.
func (e Entry) encode(padding int) []byte {
	e.Padding = strings.Repeat("x", padding)
	raw, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("an entry of finite numbers and text has no JSON: %v", err))
	}
	return raw
}

// errForeign is returned for a value that cannot be a copy of the product.
var errForeign = errors.New("the entry is not this product's")

// decodeEntry reads the copy of a product. The error is errForeign for anything
// that the service cannot have written for it.
func decodeEntry(raw []byte, id int) (Entry, error) {
	var e Entry
	if json.Unmarshal(raw, &e) != nil || !e.isOf(id) {
		return Entry{}, errForeign
	}
	return e, nil
}

// isOf reports whether an entry can be a copy of a product.
func (e Entry) isOf(id int) bool {
	if e.ID != id || e.Loaded <= 0 || e.Expires <= e.Loaded || !(e.Cost >= 0) || math.IsInf(e.Cost, 0) {
		return false
	}
	return e.Missing || e.Name != "" && e.Version > 0 && e.Price >= 0
}
