package redis

import "resilab/brokers/redis/embedded"

// Embedded is a Redis server in this process.
type Embedded = embedded.Server

// StartEmbedded listens on addr ("127.0.0.1:6379"); an empty addr means a free
// port on loopback. The caller must call Close.
func StartEmbedded(addr string) (*Embedded, error) { return embedded.Start(addr) }
