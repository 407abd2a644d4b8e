package catalog_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"resilab/labs/cacheaside/catalog"
)

func TestAnotherProgramsFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.db")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Exec("CREATE TABLE customers (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), "customers") {
		t.Errorf("opened with %v", err)
	}
	var tables int
	if err := other.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil || tables != 1 {
		t.Errorf("it has %d tables now, %v", tables, err)
	}
}

func TestLockIsReportedAndReleased(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "shop.db"), t.Context()
	db := open(t, path)
	if err := db.Fill(ctx, 3); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Find(ctx, 1); !errors.Is(err, catalog.ErrBusy) {
		t.Errorf("a read of a locked file: %v", err)
	}
	if _, err := db.SetPrice(ctx, 1, 5); !errors.Is(err, catalog.ErrBusy) {
		t.Errorf("a write to a locked file: %v", err)
	}
	if _, err := other.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	if p, err := db.SetPrice(ctx, 1, 5); err != nil || p.Price != 5 {
		t.Errorf("after the lock: %+v, %v", p, err)
	}
}
