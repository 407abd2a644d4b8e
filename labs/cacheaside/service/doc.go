// Package service is the product service of the shop: reads go through a cache in
// Redis, as in the course's demo, and what can be done about the weaknesses of
// that are strategies (see Strategy) and invalidations (see Invalidation).
package service
