package gateway

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
)

const (
	maxKey = 255 // characters of an Idempotency-Key
	// keysKept bounds the memory of keys; the oldest are forgotten first, as
	// Stripe forgets them after a day.
	keysKept = 1 << 17
)

// answer is a response that can be given again.
type answer struct {
	status int
	body   []byte
}

// parameters identify what a request asks for.
type parameters [sha256.Size]byte

// parametersOf compares bodies as JSON values: the order of the fields, white space
// and the notation of numbers make no difference. Stripe compares the parameters of
// its form-encoded API, whose order makes no difference either. A body that is not
// JSON is compared byte by byte.
func parametersOf(path string, body []byte) parameters {
	var value any
	if json.Unmarshal(body, &value) == nil {
		if canonical, err := json.Marshal(value); err == nil { // sorts the fields
			body = canonical
		}
	}
	return sha256.Sum256(append([]byte(path+"\n"), body...))
}

// keyed is what is known of one idempotency key.
type keyed struct {
	params parameters
	done   bool // else the first request is still being worked on
	answer answer
}

// verdict is what to do with a request that carries a key.
type verdict int

const (
	execute   verdict = iota // a new key: do the work, then finish or forget
	replay                   // done before: give the same answer
	inUse                    // 409: the first request has not ended
	otherBody                // 400: the same key with other parameters
)

// keys remembers the answers given under idempotency keys. The contract is
// Stripe's: https://docs.stripe.com/api/idempotent_requests.
type keys struct {
	mu     sync.Mutex
	known  map[string]*keyed
	oldest []string // in the order of their first use
}

// begin decides about a request.
func (k *keys) begin(key string, params parameters) (verdict, answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	entry, found := k.known[key]
	switch {
	case !found:
		k.remember(key, params)
		return execute, answer{}
	case entry.params != params:
		return otherBody, answer{}
	case !entry.done:
		return inUse, answer{}
	}
	return replay, entry.answer
}

func (k *keys) remember(key string, params parameters) {
	if k.known == nil {
		k.known = map[string]*keyed{}
	}
	if len(k.oldest) >= keysKept {
		delete(k.known, k.oldest[0])
		k.oldest = k.oldest[1:]
	}
	k.known[key] = &keyed{params: params}
	k.oldest = append(k.oldest, key)
}

// finish stores the answer, a failure as well.
func (k *keys) finish(key string, a answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if entry, ok := k.known[key]; ok {
		entry.done, entry.answer = true, a
	}
}

// forget removes a key under which nothing was done, so that it can be used again.
func (k *keys) forget(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, key)
}
