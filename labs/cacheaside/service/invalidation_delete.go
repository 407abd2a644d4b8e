package service

import (
	"context"

	"resilab/labs/cacheaside/catalog"
)

// deleteBefore deletes the copy, then changes the database. A reader in between
// copies the old row.
type deleteBefore struct{ keepCopy }

func (d deleteBefore) Before(ctx context.Context, id int) error { return d.s.Drop(ctx, id) }

// deleteAfter changes the database, then deletes the copy. A reader that read the
// row before and copies it after the deletion brings the old price back.
type deleteAfter struct{ keepCopy }

func (d deleteAfter) After(ctx context.Context, p catalog.Product) error { return d.s.Drop(ctx, p.ID) }
