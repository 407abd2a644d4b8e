// Package catalog is the shop's database of products: SQLite with a schema
// and migrations, in memory or in a file.
package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNotFound is returned for a product that does not exist.
var ErrNotFound = errors.New("no such product")

// ErrBusy is returned while another program holds a lock on the file. Trying again
// is the caller's decision.
var ErrBusy = errors.New("the database file is locked by another program")

// Product is one row. Version grows by one with every change, so that an
// old copy can be recognized.
type Product struct {
	ID      int
	Name    string
	Price   float64
	Version uint64
}

// DB is an open catalogue. It is safe for concurrent use; one statement runs
// at a time, in some ten microseconds.
type DB struct {
	sql                                *sql.DB
	find, update, insert, remove, list *sql.Stmt
}

// InMemory is the path of a catalogue that vanishes when it is closed.
const InMemory = ":memory:"

// Open opens the catalogue and brings its schema up to date. A file that holds
// another program's tables is refused. The caller must call Close.
func Open(ctx context.Context, path string) (*DB, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, fmt.Errorf("opening the catalogue %s: %w", path, err)
	}
	// One connection: an in-memory database belongs to its connection, and with one
	// no statement of this program meets a locked table.
	db.SetMaxOpenConns(1)
	c := &DB{sql: db}
	for _, step := range []func(context.Context) error{c.setBusyTimeout, c.checkOwner, c.migrate, c.prepare} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("preparing the catalogue %s: %w", path, err), db.Close())
		}
	}
	return c, nil
}

// busyTimeout is how long a statement waits for a lock of another program before
// it returns ErrBusy.
const busyTimeout = 250 * time.Millisecond

func (c *DB) setBusyTimeout(ctx context.Context) error {
	_, err := c.sql.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", busyTimeout.Milliseconds()))
	return cause(err)
}

// errForeign is returned for a file with tables that are not the catalogue's.
var errForeign = errors.New("it is the database of another program")

// checkOwner refuses a file that has tables, but not the catalogue's.
func (c *DB) checkOwner(ctx context.Context) error {
	rows, err := c.sql.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		return cause(err)
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		tables = append(tables, name)
	}
	var version int
	if err := errors.Join(rows.Err(), rows.Close(), c.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)); err != nil {
		return cause(err)
	}
	if len(tables) == 0 && version == 0 || slices.Equal(tables, []string{"product"}) && version > 0 {
		return nil
	}
	return fmt.Errorf("%w (its tables: %s)", errForeign, strings.Join(tables, ", "))
}

// cause returns ErrBusy for the errors of SQLite that mean a lock, and any other
// error as it is.
func cause(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED) {
		return ErrBusy
	}
	return err
}

// migrations bring the schema from one version to the next. The version is
// SQLite's user_version; an old migration is never changed.
var migrations = [...]string{
	`CREATE TABLE product (
		id      INTEGER PRIMARY KEY,
		name    TEXT    NOT NULL,
		price   REAL    NOT NULL CHECK (price >= 0),
		version INTEGER NOT NULL DEFAULT 1
	)`,
	`ALTER TABLE product ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0`, // Unix milliseconds
}

func (c *DB) migrate(ctx context.Context) error {
	var have int
	if err := c.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if have > len(migrations) {
		return fmt.Errorf("its schema is version %d, this program knows up to %d", have, len(migrations))
	}
	for i := have; i < len(migrations); i++ {
		err := c.inTx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, migrations[i]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", i+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrating the schema to version %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *DB) inTx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := c.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (c *DB) prepare(ctx context.Context) error {
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&c.find, `SELECT name, price, version FROM product WHERE id = ?`},
		{&c.update, `UPDATE product SET price = ?, version = version + 1, changed_at = ? WHERE id = ? RETURNING name, version`},
		{&c.insert, `INSERT INTO product (id, name, price, changed_at) VALUES (?, ?, ?, ?)`},
		{&c.remove, `DELETE FROM product WHERE id = ?`},
		{&c.list, `SELECT id, name, price, version FROM product ORDER BY id LIMIT ?`},
	} {
		stmt, err := c.sql.PrepareContext(ctx, p.text)
		if err != nil {
			return fmt.Errorf("preparing %q: %w", p.text, err)
		}
		*p.stmt = stmt
	}
	return nil
}

// Close ends the connection.
func (c *DB) Close() error { return c.sql.Close() }

// Fill makes the catalogue hold exactly the products 1 … n. The first three
// are the course's; the others have made-up names and prices. What was there
// keeps its price and version.
func (c *DB) Fill(ctx context.Context, n int) error {
	err := c.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM product WHERE id > ?`, n); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
			INSERT OR IGNORE INTO product (id, name, price)
			SELECT id,
			       CASE id WHEN 1 THEN 'Laptop' WHEN 2 THEN 'Mouse' WHEN 3 THEN 'Keyboard' ELSE 'Product ' || id END,
			       CASE id WHEN 1 THEN 1200 WHEN 2 THEN 25 WHEN 3 THEN 45 ELSE 5 + id * 37 % 500 END
			FROM n`, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("filling the catalogue with %d products: %w", n, cause(err))
	}
	return nil
}

// Versions returns the version of every product; index 0 is product 1.
// It expects the ids that Fill makes.
func (c *DB) Versions(ctx context.Context) ([]uint64, error) {
	rows, err := c.sql.QueryContext(ctx, `SELECT version FROM product ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("reading the versions: %w", cause(err))
	}
	defer rows.Close()
	var versions []uint64
	for rows.Next() {
		var v uint64
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("reading the versions: %w", cause(err))
		}
		versions = append(versions, v)
	}
	return versions, rows.Err()
}

// Find returns a product, or ErrNotFound.
func (c *DB) Find(ctx context.Context, id int) (Product, error) {
	p := Product{ID: id}
	err := c.find.QueryRowContext(ctx, id).Scan(&p.Name, &p.Price, &p.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("reading product %d: %w", id, cause(err))
	}
	return p, nil
}

// List returns the first limit products by id.
func (c *DB) List(ctx context.Context, limit int) ([]Product, error) {
	rows, err := c.list.QueryContext(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("listing products: %w", cause(err))
	}
	defer rows.Close()
	products := []Product{}
	for rows.Next() {
		var p Product
		if err := rows.Scan(&p.ID, &p.Name, &p.Price, &p.Version); err != nil {
			return nil, fmt.Errorf("listing products: %w", cause(err))
		}
		products = append(products, p)
	}
	return products, rows.Err()
}

// SetPrice changes a product's price and returns the changed row, or
// ErrNotFound. A price below 0 or not finite is refused.
func (c *DB) SetPrice(ctx context.Context, id int, price float64) (Product, error) {
	if price < 0 || math.IsNaN(price) || math.IsInf(price, 0) {
		return Product{}, fmt.Errorf("the price %v is not allowed", price)
	}
	p := Product{ID: id, Price: price}
	err := c.update.QueryRowContext(ctx, price, time.Now().UnixMilli(), id).Scan(&p.Name, &p.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("changing the price of product %d: %w", id, cause(err))
	}
	return p, nil
}

// Insert adds a product.
func (c *DB) Insert(ctx context.Context, id int, name string, price float64) error {
	if _, err := c.insert.ExecContext(ctx, id, name, price, time.Now().UnixMilli()); err != nil {
		return fmt.Errorf("adding product %d: %w", id, cause(err))
	}
	return nil
}

// Remove deletes a product; one that is not there is no error.
func (c *DB) Remove(ctx context.Context, id int) error {
	if _, err := c.remove.ExecContext(ctx, id); err != nil {
		return fmt.Errorf("removing product %d: %w", id, cause(err))
	}
	return nil
}
