// Package state keeps what belongs to the people of a class: who they are and
// what they have done. It outlives their sessions and the server. Local keeps it
// in files under one folder; package statetest holds every implementation to the
// same suite.
package state

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"resilab/labs/course"
)

// Person is one student or teacher.
type Person struct {
	// ID is stable and safe in names of files and keys: lower case letters,
	// digits and '-'.
	ID string `json:"id"`
	// Name is what others see; several people may have the same name.
	Name string `json:"name"`
	// Number distinguishes people with one name: 2 for the second.
	Number int `json:"number,omitempty"`
	// Code is the hash of the personal code; empty for who logs in with a key.
	Code string    `json:"code,omitempty"`
	Seen time.Time `json:"seen"` // when the person last saved something
	// Active is how long the person has worked in the labs. It never falls: of two
	// values the larger one is kept.
	Active time.Duration `json:"active,omitempty"`
}

// Progress is what one person has done. It is safe for concurrent use.
type Progress interface {
	// Record returns the record of a card; the zero Record if there is none.
	Record(card string) course.Record
	// Save keeps the record of one card.
	Save(card string, rec course.Record) error
}

// Store keeps people and their progress. It is safe for concurrent use, also by
// several servers.
type Store interface {
	// People returns every person recorded, by name and then by ID.
	People(ctx context.Context) ([]Person, error)
	// Keep adds a person or replaces the one with the same ID.
	Keep(ctx context.Context, p Person) error
	// Progress returns the progress of a person, who need not be kept yet.
	Progress(ctx context.Context, id string) (Progress, error)
}

// ErrID is returned for an ID with characters that are not allowed.
var ErrID = errors.New("invalid ID of a person")

// CheckID returns ErrID for an ID that Person does not allow.
func CheckID(id string) error {
	if id == "" || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("%w: %q", ErrID, id)
	}
	return nil
}

// KeyPerson returns the person that a public key belongs to. key is the key's
// wire form.
func KeyPerson(key []byte, name string) Person {
	sum := sha256.Sum256(key)
	return Person{ID: "key-" + hex.EncodeToString(sum[:16]), Name: name}
}

// NewPerson returns a person without a key, and the personal code with which to
// come back.
func NewPerson(name string) (p Person, code string) {
	p = Person{ID: "name-" + strings.ToLower(rand.Text()), Name: name}
	code = rand.Text()[:codeLength]
	p.Code = p.hash(code)
	return p, code
}

// codeLength is how many characters of base 32 a personal code has: 2^30 codes.
const codeLength = 6

// Label returns the name, with the number if it has one.
func (p Person) Label() string {
	if p.Number < 2 {
		return p.Name
	}
	return fmt.Sprintf("%s %d", p.Name, p.Number)
}

// HasName reports whether a typed name is the person's, whatever its case and
// spaces.
func (p Person) HasName(typed string) bool { return fold(p.Name) == fold(typed) }

// HasCode reports whether a typed code is the person's, whatever its case.
func (p Person) HasCode(typed string) bool {
	typed = strings.ToUpper(strings.Join(strings.FieldsFunc(typed, isSeparator), ""))
	return p.Code != "" && subtle.ConstantTimeCompare([]byte(p.Code), []byte(p.hash(typed))) == 1
}

func isSeparator(r rune) bool { return r == ' ' || r == '-' }

// hash is what is kept of a code; the ID is its salt.
func (p Person) hash(code string) string {
	sum := sha256.Sum256([]byte(p.ID + "\x00" + code))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}

func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// AddActive adds to the time that a person has worked. Of a person who has saved
// nothing yet nothing is kept.
func AddActive(ctx context.Context, store Store, id string, d time.Duration) error {
	people, err := store.People(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(p Person) bool { return p.ID == id })
	if i < 0 || d <= 0 {
		return nil
	}
	people[i].Active += d
	return store.Keep(ctx, people[i])
}

// Recorder returns the progress of a person who is kept with the first save:
// visitors who only look leave nothing behind. now is the time of a save.
func Recorder(ctx context.Context, store Store, p Person, now func() time.Time) (Progress, error) {
	progress, err := store.Progress(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the progress of %s: %w", p.ID, err)
	}
	return &recorder{Progress: progress, ctx: context.WithoutCancel(ctx), store: store, person: p, now: now}, nil
}

type recorder struct {
	Progress
	ctx    context.Context
	store  Store
	person Person
	now    func() time.Time
}

// saveTimeout bounds one save: a screen waits for it.
const saveTimeout = 5 * time.Second

// Save implements Progress.
func (r *recorder) Save(card string, rec course.Record) error {
	ctx, cancel := context.WithTimeout(r.ctx, saveTimeout)
	defer cancel()
	p := r.person
	p.Seen = r.now()
	if err := r.store.Keep(ctx, p); err != nil {
		return fmt.Errorf("keeping %s: %w", p.ID, err)
	}
	return r.Progress.Save(card, rec)
}
