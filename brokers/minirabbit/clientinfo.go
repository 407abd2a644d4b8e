package minirabbit

import (
	"sync"

	"resilab/brokers/minirabbit/codec"
)

// clientInfo holds the properties that a client sends when it logs in.
type clientInfo struct {
	mu           sync.Mutex
	name         string          // the property connection_name
	capabilities map[string]bool // those that the client supports
}

// read reads the client's properties.
func (c *clientInfo) read(properties codec.Table) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := properties.Get("connection_name"); ok {
		c.name, _ = v.(string)
	}
	c.capabilities = map[string]bool{}
	v, _ := properties.Get("capabilities")
	claimed, _ := v.(codec.Table)
	for _, f := range claimed {
		c.capabilities[f.Name], _ = f.Value.(bool)
	}
}

func (c *clientInfo) connectionName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// can reports whether the client supports a capability.
func (c *clientInfo) can(capability string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.capabilities[capability]
}
