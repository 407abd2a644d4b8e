package gateway

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
)

// problemBody is the body of every answer that is not a success.
type problemBody struct {
	Success bool `json:"success"` // always false
	Error   struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func problem(status int, code, message string) answer {
	var b problemBody
	b.Error.Code, b.Error.Message = code, message
	return result(status, b)
}

func result(status int, body any) answer {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{status: http.StatusInternalServerError}
	}
	return answer{status, append(data, '\n')}
}

// invalid reports whether the request was refused for its contents. Such an answer
// is not kept under an idempotency key: nothing was done, and the client may
// correct the request.
func (a answer) invalid() bool {
	return a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity
}

// write gives the answer; the zero answer breaks the connection instead.
func (a answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		reset(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have disconnected
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	problem(status, code, message).write(w)
}

// order is what a client sends.
type order struct {
	Order   uint64  `json:"order"`
	Amount  float64 `json:"amount"`
	Version int64   `json:"version"`
}

// order reads what the client sent; ok is false where the answer refuses it.
func (req *request) order() (order, answer, bool) {
	var o order
	if err := json.Unmarshal(req.body, &o); err != nil {
		return o, problem(http.StatusBadRequest, "unreadable", err.Error()), false
	}
	if o.Order == 0 || o.Order > MaxOrder {
		return o, problem(http.StatusUnprocessableEntity, "order", fmt.Sprintf("order must be 1 to %d", MaxOrder)), false
	}
	return o, answer{}, true
}

// number distinguishes the charges of an order: the attempt's number or, where the
// client sends none, the request's.
func (req *request) number() uint64 {
	if req.operation >= firstUnnamed {
		return req.operation - firstUnnamed + 1
	}
	return uint64(req.attempt)
}

func pay(req *request) answer {
	o, refusal, ok := req.order()
	switch {
	case !ok:
		return refusal
	case !(o.Amount > 0 && o.Amount < 1e6):
		return problem(http.StatusUnprocessableEntity, "amount", "amount must be above 0 and below 1000000")
	case req.cfg.declines(req.operation):
		return problem(http.StatusPaymentRequired, "card_declined", "the card was declined")
	}
	req.ledger.charge(o.Order, int(math.Round(o.Amount*100)))
	return result(http.StatusOK, map[string]any{
		"success": true, "transactionId": fmt.Sprintf("txn_%d_%d", o.Order, req.number()),
	})
}

func notify(req *request) answer {
	if _, refusal, ok := req.order(); !ok {
		return refusal
	}
	return result(http.StatusAccepted, map[string]any{"success": true})
}

// reserve takes one piece if no other client has since this one read the stock: the
// optimistic concurrency control of a flash sale.
func reserve(req *request) answer {
	o, refusal, ok := req.order()
	switch {
	case !ok:
		return refusal
	case !req.version.CompareAndSwap(o.Version, o.Version+1):
		return problem(http.StatusConflict, "version_conflict", "another client was faster; read the stock again")
	}
	return result(http.StatusOK, map[string]any{"success": true})
}

func stock(req *request) answer {
	return result(http.StatusOK, map[string]any{"version": req.version.Load()})
}

func recommend(*request) answer {
	return result(http.StatusOK, map[string]any{"products": []string{"Laptop", "Mouse", "Keyboard"}})
}
