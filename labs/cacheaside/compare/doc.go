// Package compare measures a hit through the cache-aside service, judge and
// counters included, beside libraries that do a part of it, against one real
// Redis. It is a separate module, so that they are not dependencies of the
// labs:
//
//	cd labs/cacheaside/compare && go test -bench . -count 3
package compare
