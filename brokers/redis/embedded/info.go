package embedded

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// version is the Redis whose behaviour this server copies.
const version = "7.0.15"

// infoSections are the sections of INFO in their order.
var infoSections = []struct {
	name string
	text func(*Server) string
}{
	{"Server", infoServer}, {"Clients", infoClients}, {"Memory", infoMemory}, {"Persistence", infoPersistence},
	{"Stats", infoStats}, {"Replication", infoReplication}, {"CPU", infoCPU}, {"Cluster", infoCluster}, {"Keyspace", infoKeyspace},
}

// info answers INFO. A section that is not known is left out, as in Redis.
func info(c *session, args []string) value {
	wanted := map[string]bool{}
	for _, a := range args {
		wanted[strings.ToLower(a)] = true
	}
	all := len(args) == 0 || wanted["all"] || wanted["default"] || wanted["everything"]
	var parts []string
	for _, s := range infoSections {
		if all || wanted[strings.ToLower(s.name)] {
			parts = append(parts, "# "+s.name+"\r\n"+s.text(c.server))
		}
	}
	return value{kind: verbatim, text: "txt:" + strings.Join(parts, "\r\n")}
}

// fields writes names and values in turn.
func fields(all ...any) string {
	var b strings.Builder
	for i := 0; i+1 < len(all); i += 2 {
		fmt.Fprintf(&b, "%v:%v\r\n", all[i], all[i+1])
	}
	return b.String()
}

func infoServer(s *Server) string {
	up := time.Since(s.stats.started)
	return fields("redis_version", version, "server_name", "resilab-embedded", "redis_mode", "standalone",
		"os", runtime.GOOS+" "+runtime.GOARCH, "arch_bits", 64, "process_id", os.Getpid(), "tcp_port", port(s.Addr()),
		"uptime_in_seconds", int(up.Seconds()), "uptime_in_days", int(up.Hours()/24))
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

func infoClients(s *Server) string {
	return fields("connected_clients", len(s.connected()), "blocked_clients", 0, "tracking_clients", 0)
}

func infoMemory(*Server) string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fields("used_memory", m.HeapAlloc, "used_memory_rss", m.Sys, "maxmemory", 0, "maxmemory_human", "0B",
		"maxmemory_policy", "noeviction")
}

func infoPersistence(*Server) string {
	return fields("loading", 0, "rdb_bgsave_in_progress", 0, "aof_enabled", 0)
}

func infoStats(s *Server) string {
	return fields("total_connections_received", s.stats.connections.Load(), "total_commands_processed", s.stats.commands.Load(),
		"rejected_connections", 0, "evicted_keys", 0, "keyspace_hits", s.stats.hits.Load(), "keyspace_misses", s.stats.misses.Load())
}

func infoReplication(*Server) string { return fields("role", "master", "connected_slaves", 0) }

func infoCPU(*Server) string { return "" }

func infoCluster(*Server) string { return fields("cluster_enabled", 0) }

func infoKeyspace(s *Server) string {
	var b strings.Builder
	for n := range databases {
		db := s.m.DB(n)
		keys := db.Keys()
		if len(keys) == 0 {
			continue
		}
		expires, sum := 0, time.Duration(0)
		for _, key := range keys {
			if ttl := db.TTL(key); ttl > 0 {
				expires++
				sum += ttl
			}
		}
		average := time.Duration(0)
		if expires > 0 {
			average = sum / time.Duration(expires)
		}
		fmt.Fprintf(&b, "db%d:keys=%d,expires=%d,avg_ttl=%d\r\n", n, len(keys), expires, average.Milliseconds())
	}
	return b.String()
}
