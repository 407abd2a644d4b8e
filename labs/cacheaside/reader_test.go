package cacheaside

import (
	"errors"
	"testing"

	"resilab/labs/cacheaside/catalog"
	"resilab/labs/lab"
)

func TestReaderIsJudgedAsEveryReadIs(t *testing.T) {
	var unstarted Reader = New(lab.Env{}).(Reader)
	if _, err := unstarted.Read(t.Context(), 1); err == nil {
		t.Error("a lab that was not started answers")
	}
	l := startLab(t, embedded(t), map[string]string{"rate": "0", "db-latency": "0s"})
	for _, want := range []Reading{
		{ID: 1, Name: "Laptop", Price: 1200, Source: FromDatabase},
		{ID: 1, Name: "Laptop", Price: 1200, Source: FromCache},
	} {
		if got, err := l.Read(t.Context(), 1); got != want || err != nil {
			t.Errorf("reads %+v, %v; want %+v", got, err, want)
		}
	}
	if _, err := l.Read(t.Context(), 99); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown product: %v", err)
	}
	if m := l.Snapshot().Metrics; m["reads"] != 3 || m["hits"] != 1 || m["misses"] != 1 || m["unknown_reads"] != 1 {
		t.Errorf("counted as %v", m)
	}
}
