// Cache-Aside en Go: go mod init demo && go get github.com/redis/go-redis/v9 golang.org/x/sync && go run .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"
)

const (
	ttl         = 10000 * time.Millisecond
	jitter      = 0.1 // ±
	negativeTTL = 1000 * time.Millisecond
	softTTL     = 2000 * time.Millisecond
	timeout     = 1000 * time.Millisecond
	beta        = 1 // XFetch
	failOpen    = false
)

type product struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

type entry struct {
	Product *product `json:"product"` // nil: no existe
	Loaded  int64    `json:"loaded_ms"`
	Expires int64    `json:"expires_ms"`
	Cost    float64  `json:"cost_ms"`
}

var (
	errNotFound = errors.New("Producto no encontrado")
	database    = map[int]product{1: {1, "Laptop", 1200}, 2: {2, "Mouse", 25}, 3: {3, "Keyboard", 45}}
	cache       *redis.Client
	flights     singleflight.Group
)

func key(id int) string { return "product:" + strconv.Itoa(id) }

// query es la base de datos.
func query(id int) *product {
	time.Sleep(80 * time.Millisecond)
	if p, ok := database[id]; ok {
		return &p
	}
	return nil
}

func load(ctx context.Context, id int, token string) (*product, string, error) {
	began := time.Now()
	p := query(id)
	life := time.Duration(float64(ttl) * (1 + jitter*(2*rand.Float64()-1)))
	if p == nil {
		life = negativeTTL
	}
	if life > 0 {
		now := time.Now()
		raw, err := json.Marshal(entry{p, began.UnixMilli(), now.Add(life).UnixMilli(), float64(now.Sub(began).Milliseconds())})
		if err != nil {
			return nil, "", err
		}
		if err := fill(ctx, id, token, raw, life); err != nil && !failOpen {
			return nil, "", err
		}
	}
	if p == nil {
		return nil, "database", errNotFound
	}
	return p, "database", nil
}

// Solo quien tiene el lease llena la caché; borrar la copia anula el lease.
var fillLeased = redis.NewScript(`
	if redis.call("GET", KEYS[2]) ~= ARGV[1] then return 0 end
	redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
	return redis.call("DEL", KEYS[2])`)

func fill(ctx context.Context, id int, token string, raw []byte, life time.Duration) error {
	return fillLeased.Run(ctx, cache, []string{key(id), key(id) + ":lease"}, token, raw, life.Milliseconds()).Err()
}

func lookup(ctx context.Context, id int) (*entry, error) {
	raw, err := cache.Get(ctx, key(id)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var e entry
	if json.Unmarshal(raw, &e) != nil || e.Expires == 0 {
		return nil, nil // no es nuestra: se llena otra vez
	}
	return &e, nil
}

// read lee un producto.
func read(id int) (*product, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	e, err := lookup(ctx, id)
	if err != nil {
		if failOpen {
			if p := query(id); p != nil {
				return p, "database", nil
			}
			return nil, "database", errNotFound
		}
		return nil, "", err
	}
	if e == nil {
		return miss(ctx, id)
	}
	if e.Product == nil {
		return nil, "cache", errNotFound
	}
	return e.Product, "cache", nil
}

func refresh(id int) {
	_, _, _ = flights.Do("refresh "+key(id), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		p, _, err := load(ctx, id, "")
		return p, err
	})
}

func miss(ctx context.Context, id int) (*product, string, error) {
	name, token := key(id)+":lease", strconv.FormatUint(rand.Uint64(), 36)
	for {
		mine, err := cache.SetNX(ctx, name, token, timeout).Result()
		if err != nil {
			return nil, "", err
		}
		if mine {
			p, source, err := load(ctx, id, token)
			release.Run(ctx, cache, []string{name}, token)
			return p, source, err
		}
		time.Sleep(5 * time.Millisecond)
		e, err := lookup(ctx, id)
		switch {
		case err != nil:
			return nil, "", err
		case e != nil && e.Product == nil:
			return nil, "cache", errNotFound
		case e != nil:
			return e.Product, "cache", nil
		}
	}
}

var release = redis.NewScript(`
	if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
	return 0`)

// write cambia un precio.
func write(ctx context.Context, id int, price float64) error {
	p := database[id]
	p.Price = price
	database[id] = p
	now := time.Now()
	raw, err := json.Marshal(entry{&p, now.UnixMilli(), now.Add(ttl).UnixMilli(), 0})
	if err != nil {
		return err
	}
	return cache.Set(ctx, key(id), raw, ttl).Err()
}

func main() {
	url := os.Getenv("REDIS_URL")
	if url == "" {
		url = "redis://127.0.0.1:6379/0"
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		panic(err)
	}
	cache = redis.NewClient(options)
	defer cache.Close()
	show := func(id int) {
		p, source, err := read(id)
		if err != nil {
			fmt.Println(id, err)
			return
		}
		fmt.Println(id, source, p.Name, p.Price)
	}
	show(1)
	show(1)
	show(99)
	if err := write(context.Background(), 1, 999.5); err != nil {
		fmt.Println(err)
	}
	show(1)
}
