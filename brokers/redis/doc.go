// Package redis talks to Redis through go-redis, and runs an embedded Redis
// server for machines that have none.
//
// Real or embedded is only an address: [Open] takes the URL of either.
package redis
