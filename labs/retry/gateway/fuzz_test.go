package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"resilab/labs/clock"
)

// Whatever a client sends, the gateway answers with a status of its contract and
// charges at most once.
func FuzzPayments(f *testing.F) {
	f.Add(`{"order":1,"amount":99.99}`, "key", "1", "1")
	f.Add(`{"order":1e3,"amount":-0}`, "", "18446744073709551615", "-1")
	f.Add(`{"order":67108864,"amount":999999.999}`, strings.Repeat("k", 256), "x", "")
	f.Add("\x00[", "\n", "", "999999999999999999999")
	f.Fuzz(func(t *testing.T, body, key, operation, attempt string) {
		g := &Gateway{clock: clock.New(nil)}
		g.Reset(Config{DeclineRate: 0.1})
		req := httptest.NewRequest(http.MethodPost, "/payments", strings.NewReader(body))
		req.Header.Set("Idempotency-Key", key)
		req.Header.Set("X-Operation", operation)
		req.Header.Set("X-Attempt", attempt)
		w := httptest.NewRecorder()
		g.routes().ServeHTTP(w, req)
		book := g.Ledger()
		switch w.Code {
		case 200:
			if book.Charges != 1 || book.Cents < 0 {
				t.Errorf("200 with ledger %+v", book)
			}
		case 400, 402, 422:
			if book.Charges != 0 {
				t.Errorf("%d with ledger %+v", w.Code, book)
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}
