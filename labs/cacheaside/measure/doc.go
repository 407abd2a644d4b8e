// Package measure counts what the product service of the cache-aside lab does,
// compares its answers with the database, and follows the life of the copies in
// Redis. All times are those of the lab's clock.
package measure
