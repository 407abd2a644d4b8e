package catalog_test

import (
	"errors"
	"math"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"resilab/labs/cacheaside/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, path string) *catalog.DB {
	t.Helper()
	db, err := catalog.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestTheCoursesProducts(t *testing.T) {
	db, ctx := open(t, catalog.InMemory), t.Context()
	if err := db.Fill(ctx, 3); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]catalog.Product{
		1: {ID: 1, Name: "Laptop", Price: 1200, Version: 1},
		2: {ID: 2, Name: "Mouse", Price: 25, Version: 1},
		3: {ID: 3, Name: "Keyboard", Price: 45, Version: 1},
	} {
		if got, err := db.Find(ctx, id); err != nil || got != want {
			t.Errorf("product %d is %+v, %v", id, got, err)
		}
	}
	if _, err := db.Find(ctx, 4); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown product: %v", err)
	}
}

func TestAChangeMakesANewVersion(t *testing.T) {
	db, ctx := open(t, catalog.InMemory), t.Context()
	if err := db.Fill(ctx, 3); err != nil {
		t.Fatal(err)
	}
	want := catalog.Product{ID: 2, Name: "Mouse", Price: 19.99, Version: 2}
	if got, err := db.SetPrice(ctx, 2, 19.99); err != nil || got != want {
		t.Errorf("changed to %+v, %v", got, err)
	}
	if got, err := db.Find(ctx, 2); err != nil || got != want {
		t.Errorf("found %+v, %v", got, err)
	}
	if _, err := db.SetPrice(ctx, 9, 1); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("changing an unknown product: %v", err)
	}
	for _, price := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := db.SetPrice(ctx, 1, price); err == nil {
			t.Errorf("the price %v was taken", price)
		}
	}
}

func TestFillGrowsAndShrinksAndKeepsWhatIsThere(t *testing.T) {
	db, ctx := open(t, catalog.InMemory), t.Context()
	for _, n := range []int{3, 1000, 10} {
		if err := db.Fill(ctx, n); err != nil {
			t.Fatal(err)
		}
		if n == 3 {
			if _, err := db.SetPrice(ctx, 1, 1); err != nil {
				t.Fatal(err)
			}
		}
		versions, err := db.Versions(ctx)
		if err != nil || len(versions) != n || versions[0] != 2 {
			t.Errorf("after filling with %d: %d products, %v", n, len(versions), err)
		}
	}
	if list, err := db.List(ctx, 4); err != nil || len(list) != 4 || list[3].Name != "Product 4" {
		t.Errorf("listed %v, %v", list, err)
	}
	if err := errors.Join(db.Insert(ctx, 50, "New", 5), db.Remove(ctx, 50), db.Remove(ctx, 51)); err != nil {
		t.Error(err)
	}
}

func TestAFileKeepsItsProductsAndItsSchema(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "shop.db"), t.Context()
	first, err := catalog.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Fill(ctx, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := first.SetPrice(ctx, 3, 50); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if p, err := again.Find(ctx, 3); err != nil || p.Price != 50 || p.Version != 2 {
		t.Errorf("the file holds %+v, %v", p, err)
	}
	if _, err := catalog.Open(ctx, filepath.Join(path, "no", "such", "folder")); err == nil {
		t.Error("a path that cannot be was opened")
	}
}

func BenchmarkFind(b *testing.B) {
	db := open(b, catalog.InMemory)
	if err := db.Fill(b.Context(), 1000); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := db.Find(b.Context(), 1+i%1000); err != nil {
			b.Fatal(err)
		}
	}
}
