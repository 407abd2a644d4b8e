package embedded

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	redisserver "github.com/alicebob/miniredis/v2/server"
	"go.uber.org/goleak"

	"resilab/brokers/brokertest"
)

var update = flag.Bool("update", false, "rewrite commands.resp from a redis-server")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is a client that shows replies as they come.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wire{conn: conn}
}

// do sends an inline command and returns the reply.
func (w *wire) do(t *testing.T, line string) value {
	t.Helper()
	if _, err := fmt.Fprintf(w.conn, "%s\r\n", line); err != nil {
		t.Fatal(err)
	}
	return w.next(t)
}

func (w *wire) next(t *testing.T) value {
	t.Helper()
	if w.in == nil {
		w.in = bufio.NewReader(w.conn)
	}
	_ = w.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	v, err := readReply(w.in)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shown writes a reply for comparing.
func shown(v value) string { return fmt.Sprintf("%q", v.append(nil, true)) }

// dialogues are what a client says on one connection. Replies must be those of
// redis-server, to the byte.
var dialogues = map[string]string{
	"strings":           `SET a 1; GET a; INCR a; INCRBY a 5; APPEND a x; GET a; STRLEN a; INCR a; GETRANGE a 0 1; SETNX a 2; GETSET a z; GETDEL a; GET a; MSET a 1 b 2; MGET a b c; SET a 2 NX; SET a 2 XX GET; SETRANGE b 3 x; GET`,
	"lives":             `SETEX a 60 v; TTL a; SET b v EX 1; TTL b; SET c v PX 1499; TTL c; EXPIRE a 100; TTL a; PERSIST a; TTL a; TTL none; EXPIRE none 5; SET d v EX 100 KEEPTTL; SET a w KEEPTTL; EXPIRE a -1; GET a; EXPIRE b 10 NX; GETEX b PERSIST; TTL b; EXPIRE b 5 GT`,
	"lives refused":     `SET a v EX 0; SET a v EX -1; SET a v EX 9223372036854775807; SET a v PX 9223372036854775807; SET a v EX x; SETEX a 0 v; SETEX a 9223372036854775807 v; PSETEX a -5 v; GETEX a EX 0; EXPIRE a 9223372036854775807; GET a; SET a v EX; SET a v NX XX`,
	"unknown":           `FOO; foo bar "b az"; GET; CONFIG; CLIENT; CLIENT FOO; CONFIG FOO x; COMMAND FOO; SET a; OBJECT FOO x`,
	"exec aborts":       `MULTI; SET a 1; FOO; EXEC; GET a; MULTI; SET a 1; GET; EXEC; GET a; EXEC; DISCARD; MULTI; MULTI; SET a 2; EXEC; GET a`,
	"transactions":      `MULTI; SET a 1 EX 60; TTL a; INCR a; LPUSH a x; GET a; CONFIG GET maxmemory; SET b v EX 0; EXEC; MULTI; SET c 1; DISCARD; GET c; WATCH a; SET a 9; MULTI; GET a; EXEC; MULTI; SELECT 1; SET z 1; EXEC; GET z; SELECT 0; GET z`,
	"databases":         `SELECT 15; SET a 1; SELECT 16; SELECT -1; GET a; DBSIZE; SELECT 0; GET a; MOVE a 16; FLUSHALL; SELECT 15; GET a`,
	"configuration":     `CONFIG GET maxmemory; CONFIG GET nothing; CONFIG GET notify*; CONFIG SET notify-keyspace-events KEA; CONFIG GET notify-keyspace-events; CONFIG SET notify-keyspace-events Ex; CONFIG GET notify-keyspace-events; CONFIG SET notify-keyspace-events KEg$lshzxetdnm; CONFIG GET notify-keyspace-events; CONFIG SET notify-keyspace-events ""; CONFIG SET notify-keyspace-events Q; CONFIG SET nonsense 1; CONFIG RESETSTAT; CONFIG GET`,
	"clients":           `CLIENT GETNAME; CLIENT SETNAME me; CLIENT GETNAME; CLIENT SETNAME "a b"; CLIENT KILL ID 99999; CLIENT GETREDIR; CLIENT ID x; CLIENT KILL 1.2.3.4:5; CLIENT SETINFO LIB-NAME x`,
	"tracking":          `CLIENT TRACKING; CLIENT TRACKING x; CLIENT TRACKINGINFO; CLIENT CACHING YES; CLIENT TRACKING ON OPTIN OPTOUT; CLIENT TRACKING ON PREFIX a; CLIENT TRACKING ON BCAST OPTIN; CLIENT TRACKING ON BCAST PREFIX ab PREFIX a; CLIENT TRACKING ON FOO; CLIENT TRACKING ON OPTIN NOLOOP; CLIENT TRACKINGINFO; CLIENT CACHING NO; CLIENT CACHING x; CLIENT CACHING YES; CLIENT TRACKINGINFO; PING; CLIENT TRACKINGINFO; CLIENT GETREDIR; CLIENT TRACKING ON OPTOUT; CLIENT TRACKING ON BCAST; CLIENT TRACKING OFF; CLIENT TRACKING ON BCAST PREFIX a PREFIX b; CLIENT TRACKING ON BCAST PREFIX aa; CLIENT TRACKING ON BCAST PREFIX c; CLIENT TRACKINGINFO; CLIENT TRACKING OFF; CLIENT TRACKINGINFO; CLIENT CACHING`,
	"commands":          `COMMAND INFO get set nothing; COMMAND DOCS get; COMMAND GETKEYS MSET a 1 b 2; COMMAND GETKEYS GET a b; COMMAND GETKEYS PING a; COMMAND GETKEYS nothing x; COMMAND INFO scan expire zadd; COMMAND DOCS setex lpush`,
	"hello":             `HELLO 4; HELLO x; HELLO 3 FOO; HELLO 2 AUTH x y`,
	"inline":            "PING; ping; ECHO 'a\\'b'; ECHO \"\\x41\\n\"; SET \"a key\" \"\"; GET \"a key\"; ECHO a\"b",
	"sorted sets":       `ZADD z 1 a 2.5 b 3 c; ZRANGE z 0 -1; ZRANGE z 0 -1 WITHSCORES; ZREVRANGE z 0 -1 WITHSCORES; ZRANGEBYSCORE z -inf +inf WITHSCORES; ZREVRANGEBYSCORE z +inf -inf WITHSCORES; ZSCORE z b; ZSCORE z none; ZMSCORE z a none; ZINCRBY z 1.5 a; ZADD z INCR 1 a; ZPOPMIN z; ZPOPMAX z 1; ZPOPMIN none; ZADD z 5 x; ZUNION 1 z WITHSCORES; ZINTER 1 z WITHSCORES; ZRANK z x; ZCARD z; ZCOUNT z 0 9; ZRANGE z 0 -1 REV WITHSCORES`,
	"hashes":            `HSET h a 1 b 2; HGETALL h; HGET h a; HGET h none; HMGET h a none; HKEYS h; HVALS h; HINCRBYFLOAT h a 0.5; HINCRBY h b 2; HDEL h a; HLEN h; HGETALL none; HSCAN h 0; HRANDFIELD h 1 WITHVALUES; GET h; HEXISTS h b; HSETNX h b 1; HSTRLEN h b`,
	"lists":             `RPUSH l a b c; LRANGE l 0 -1; LPOP l; LPOP l 2; LPOP l; LPOP l 1; LLEN l; RPUSH l a; LINSERT l BEFORE a z; LINDEX l 0; LINDEX l 9; LPOS l a; LSET l 9 x; LSET none 0 x; RPOPLPUSH l m; LMOVE l m LEFT RIGHT; LREM m 0 a; BLPOP none 0.01`,
	"sets":              `SADD s a; SADD s a; SMEMBERS s; SISMEMBER s a; SMISMEMBER s a b; SINTER s s; SUNION s; SDIFF s; SPOP s 1; SPOP s; SPOP s 2; SMEMBERS s; SADD s x; SRANDMEMBER s; SRANDMEMBER s 1; SSCAN s 0; SREM s x; SCARD s`,
	"keys":              `SET a 1; SET b 1; EXISTS a b c; TYPE a; TYPE c; RENAME a d; RENAME a d; RENAMENX b d; COPY d e; KEYS e; DEL d e; UNLINK b; DBSIZE; TOUCH a; RANDOMKEY; KEYS *; OBJECT IDLETIME none`,
	"scan":              `SCAN 0; SCAN x; SCAN 0 COUNT 0; SCAN 0 COUNT x; SCAN 0 MATCH; SCAN 0 FOO 1; SET only 1; SCAN 0 MATCH o* COUNT 100; SCAN 0 TYPE string; SCAN 0 TYPE list; SCAN 0 MATCH [a-c]*`,
	"scripts":           `EVAL "return 1" 0; EVAL "return redis.call('SET', KEYS[1], ARGV[1])" 1 k v; GET k; EVALSHA 0000000000000000000000000000000000000000 0; EVAL "return {1,'a',false}" 0; SCRIPT EXISTS 0000000000000000000000000000000000000000; RPUSH l x; EVAL "return redis.call('GET', KEYS[1])" 1 l`,
	"scores":            `ZADD z 1 a 2.5 b; ZSCAN z 0; ZSCAN z 0 MATCH a*; ZSCAN none 0; SSCAN none 0; HSCAN none 0; HSET h a 1; HSCAN h 0 COUNT 5`,
	"subscribed":        `SUBSCRIBE c; GET a; SET a 1; PING; PING x; CONFIG GET maxmemory; CLIENT ID x; SCAN 0; FOO; GET; MULTI; EXEC; PSUBSCRIBE p*; UNSUBSCRIBE c; GET a; PUNSUBSCRIBE p*; GET a; PING`,
	"patterns":          `SET a-]\z 1; SET b 1; KEYS [z-a]; KEYS [^]; KEYS [^; KEYS [; KEYS []; KEYS [\p]; KEYS [a-]; KEYS [[:x:]]; KEYS \\E(; KEYS "\x80\x81*"; KEYS [^a]; KEYS b*; KEYS a-]*; HSET h a 1 b 2; HSCAN h 0 MATCH [z-a]; HSCAN h 0 MATCH a COUNT 9; HSCAN h 0 MATCH; SADD s a; SSCAN s 0 MATCH [^]; SSCAN s 0 MATCH a*; ZADD z 1 a; ZSCAN z 0 MATCH \\E(; ZSCAN z 0 match a; PUBSUB CHANNELS a*; PSUBSCRIBE a[b-c]*; PUNSUBSCRIBE`,
	"odd words":         `SELECT; SELECT 1 2; HSET h a 1; HSCAN h -1; SSCAN none x; ZSCAN none -9; GET a`,
	"publish-subscribe": `PUBLISH c m; PUBSUB CHANNELS; PUBSUB NUMSUB c; PUBSUB NUMPAT`,
	"bits":              `SETBIT b 7 1; GETBIT b 7; BITCOUNT b; PFADD h a b; PFCOUNT h; BITPOS b 1`,
	"geo":               `GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; GEODIST g Palermo Catania km; GEODIST g Palermo none`,
	"streams":           `XADD x 1-1 a 1; XLEN x; XRANGE x - +; XREAD STREAMS x 0; XREAD STREAMS x 5; XDEL x 1-1; XADD x 1-1 a 1`,
	"later commands":    `HSET h a 1; HEXPIRE h 10 FIELDS 1 a; HTTL h FIELDS 1 a; HPERSIST h FIELDS 1 a`,
	"long strings":      `SETRANGE s 536870912 x; SETRANGE s 536870911 xx; SETRANGE s -1 x; SETRANGE s x y; STRLEN s; SETRANGE s 3 ""; EXISTS s`,
	"odd numbers":       `DECRBY a -9223372036854775808; GET a; ZADD z NX nan a; ZADD z nan a; ZADD z 1 a NaN b; ZINCRBY z nan a; EXISTS z; ZADD z inf a; COPY a b DB 99; COPY a b DB x; COPY z y DB 1; SELECT 1; ZCARD y`,
	"intersections":     `ZADD a 3 x 2 y 1 z 1 b; ZADD b 1 x 1 y 1 z 1 b 5 c; ZINTER 2 a b; ZINTER 2 a b WITHSCORES; ZINTER 2 a b WEIGHTS -1 0; ZINTER 2 a none; ZINTER 0 a; ZINTER 2 a b AGGREGATE max withscores; ZUNION 2 a b`,
	"watching inside":   `MULTI; WATCH a; SET a 1; EXEC; GET a; MULTI; WATCH; SET a 2; EXEC; GET a`,
	"wrong types":       `SET a 1; LPUSH a x; HSET a b c; ZADD a 1 x; SADD a x; XADD a * a b; INCRBYFLOAT a x`,
}

// knownDifferences are replies in which this server differs, with the reason.
var knownDifferences = map[string]string{
	"XADD x 1-1 a 1": "miniredis forgets the last id of a stream when its entry is deleted",
	"OBJECT FOO x":   "miniredis writes the subcommand in small letters",
}

func TestRepliesAreRedis(t *testing.T) {
	node := brokertest.Redis(t)
	for _, proto := range []int{2, 3} {
		for name, script := range dialogues {
			t.Run(fmt.Sprintf("RESP%d %s", proto, name), func(t *testing.T) {
				s := startServer(t)
				real, ours := dial(t, node.Addr()), dial(t, s.Addr())
				real.do(t, "FLUSHALL")
				if proto == 3 {
					real.do(t, "HELLO 3")
					ours.do(t, "HELLO 3")
				}
				for line := range strings.SplitSeq(script, "; ") {
					want, got := shown(real.do(t, line)), shown(ours.do(t, line))
					if knownDifferences[line] == "" && got != want {
						t.Errorf("%s\n  redis-server %s\n  embedded     %s", line, want, got)
					}
				}
			})
		}
	}
}

func startServer(t testing.TB) *Server {
	t.Helper()
	s, err := Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 { // a second Close does nothing
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// What COMMAND says of the commands that this server has is what Redis says.
func TestCommandsAreRedis(t *testing.T) {
	node, s := brokertest.Redis(t), startServer(t)
	real := dial(t, node.Addr())
	real.do(t, "HELLO 3")
	var names []string
	all := real.do(t, "COMMAND LIST")
	for _, v := range all.items {
		name := strings.ToUpper(v.text)
		if _, own := ownCommands[name]; own || s.core.IsRegisteredCommand(name) {
			names = append(names, v.text)
		}
	}
	slices.Sort(names)
	var file []byte
	for _, sub := range []string{"INFO", "DOCS"} {
		file = inOrder(real.do(t, "COMMAND "+sub+" "+strings.Join(names, " "))).append(file, true)
	}
	if *update {
		if err := os.WriteFile("commands.resp", file, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(file) != commandsFile {
		t.Error("commands.resp is not what redis-server says: run with -update")
	}
	for _, sub := range descriptions()["CONFIG"].subcommands() {
		if !strings.HasPrefix(sub.items[0].text, "config|") || sub.items[1].kind != integer {
			t.Errorf("a subcommand does not begin with its name and arity: %s", shown(sub))
		}
	}
}

// inOrder sorts the subcommands, whose order changes with each start of Redis: in
// DOCS a name is followed by a map, in INFO it begins a list, before its arity.
func inOrder(v value) value {
	if len(v.items) > 1 && strings.Contains(v.items[0].text, "|") && v.items[1].kind != integer { // of DOCS
		chunks := slices.Collect(slices.Chunk(v.items, 2))
		slices.SortFunc(chunks, func(a, b []value) int { return strings.Compare(a[0].text, b[0].text) })
		v.items = slices.Concat(chunks...)
	}
	if len(v.items) > 0 && len(v.items[0].items) > 0 && strings.Contains(v.items[0].items[0].text, "|") { // of INFO
		slices.SortFunc(v.items, func(a, b value) int { return strings.Compare(shown(a), shown(b)) })
	}
	for i := range v.items {
		v.items[i] = inOrder(v.items[i])
	}
	return v
}

// listener collects what is published about keys.
func listener(t *testing.T, addr string) *wire {
	t.Helper()
	w := dial(t, addr)
	w.do(t, "PSUBSCRIBE __key*__:*")
	return w
}

func TestEventsAreRedis(t *testing.T) {
	node, s := brokertest.Redis(t), startServer(t)
	const script = `SELECT 3; SET a 1; SET a 1 EX 60; SETEX b 60 v; INCR a; APPEND a x; DEL a none; EXPIRE b 10; PERSIST b; ` +
		`RPUSH l x y; LPOP l; LPOP l; SADD s x; SADD s x; SREM s x; HSET h a b; HDEL h a; ZADD z 1 a; ZREM z a; RENAME b c; ` +
		`MULTI; SET q 1; INCR q; DEL q; EXEC; GETDEL c; MSET m 1 n 2; SETNX m 1; GET nothing; COPY m o; LPUSHX none x; UNLINK m n; SELECT 0; SET last 1`
	var heard [2][]string
	for i, addr := range []string{node.Addr(), s.Addr()} {
		client, ear := dial(t, addr), listener(t, addr)
		client.do(t, "CONFIG SET notify-keyspace-events KEAnm")
		for line := range strings.SplitSeq(script, "; ") {
			client.do(t, line)
		}
		for !slices.Contains(heard[i], "__keyevent@0__:set last") {
			v := ear.next(t)
			heard[i] = append(heard[i], v.items[2].text+" "+v.items[3].text)
		}
	}
	for i, want := range heard[0] {
		if i >= len(heard[1]) || heard[1][i] != want {
			t.Fatalf("redis-server announces %q; the embedded one %q", heard[0][i:min(i+4, len(heard[0]))], heard[1][i:min(i+4, len(heard[1]))])
		}
	}
}

// A key that expires is announced in its own database.
func TestExpiredIsAnnouncedInEveryDatabase(t *testing.T) {
	s := startServer(t)
	client, ear := dial(t, s.Addr()), listener(t, s.Addr())
	client.do(t, "CONFIG SET notify-keyspace-events Ex")
	client.do(t, "SELECT 7")
	client.do(t, "SET k v PX 20")
	if v := ear.next(t); v.items[2].text != "__keyevent@7__:expired" || v.items[3].text != "k" {
		t.Errorf("announced %s", shown(v))
	}
}

func TestScanHonoursCount(t *testing.T) {
	s := startServer(t)
	c := dial(t, s.Addr())
	const keys = 1000
	for i := range keys {
		c.do(t, fmt.Sprintf("SET key:%d v", i))
	}
	seen, rounds, cursor := map[string]bool{}, 0, "0"
	for {
		v := c.do(t, "SCAN "+cursor+" COUNT 100")
		if n := len(v.items[1].items); n > 100 {
			t.Fatalf("%d keys in one reply", n)
		}
		for _, k := range v.items[1].items {
			seen[k.text] = true
		}
		c.do(t, fmt.Sprintf("SET other:%d v", rounds)) // beside it, keys come
		rounds++
		if cursor = v.items[0].text; cursor == "0" {
			break
		}
	}
	for i := range keys {
		if !seen[fmt.Sprintf("key:%d", i)] {
			t.Fatalf("key:%d was not returned", i)
		}
	}
	if rounds < 10 {
		t.Errorf("%d rounds", rounds)
	}
}

// INFO counts what is looked up as Redis does.
func TestInfoCountsHitsAndMisses(t *testing.T) {
	node, s := brokertest.Redis(t), startServer(t)
	var counted [2]string
	for i, addr := range []string{node.Addr(), s.Addr()} {
		c := dial(t, addr)
		for _, line := range []string{"SET a 1", "GET a", "GET a", "GET b", "MGET a b c", "EXISTS a b", "TTL b", "TYPE a", "HGET h f", "GETEX a", "STRLEN b",
			"OBJECT IDLETIME a", "MULTI", "GET a", "TTL b", "EXEC", "SCAN 0", "KEYS *", "GETDEL a"} {
			c.do(t, line)
		}
		c.do(t, "SET left v EX 100")
		info := c.do(t, "INFO").text
		for line := range strings.Lines(info) {
			if strings.HasPrefix(line, "keyspace_") || strings.HasPrefix(line, "db0:keys=1,expires=1") || strings.HasPrefix(line, "redis_version:7.") || strings.HasPrefix(line, "role:") {
				line, _, _ = strings.Cut(line, ",avg")
				counted[i] += strings.TrimSpace(line) + " "
			}
		}
		if one := c.do(t, "INFO stats").text; !strings.HasPrefix(one, "# Stats") || strings.Contains(one, "redis_version") {
			t.Errorf("INFO stats: %s", one)
		}
	}
	if counted[0] != counted[1] {
		t.Errorf("redis-server %s\nembedded     %s", counted[0], counted[1])
	}
}

func TestClientsAreListed(t *testing.T) {
	s := startServer(t)
	a, b := dial(t, s.Addr()), dial(t, s.Addr())
	b.do(t, "CLIENT SETNAME other")
	b.do(t, "SELECT 2")
	listed := a.do(t, "CLIENT LIST").text
	for _, want := range []string{"addr=" + b.conn.LocalAddr().String(), "name=other", "db=2", "cmd=select", "cmd=client"} {
		if !strings.Contains(listed, want) {
			t.Errorf("the list has no %q:\n%s", want, listed)
		}
	}
	id := b.do(t, "CLIENT ID").text
	if v := a.do(t, "CLIENT KILL ID "+id); v.text != "1" {
		t.Errorf("killing: %s", shown(v))
	}
}

// A command at which miniredis panics ends its connection, and no other.
func TestAPanicEndsOneConnection(t *testing.T) {
	s := startServer(t)
	s.core.SetPreHook(func(_ *redisserver.Peer, name string, _ ...string) bool {
		if name == "ECHO" {
			s.m.Lock() // as the commands of miniredis do
			panic("a mistake")
		}
		return false
	})
	w, other := dial(t, s.Addr()), dial(t, s.Addr())
	if v := w.do(t, "ECHO a"); v.kind != failure || !strings.Contains(v.text, "failed at this command") {
		t.Errorf("it answers %s", shown(v))
	}
	if _, err := w.in.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	if v := other.do(t, "SET a 1"); v.text != "OK" {
		t.Errorf("another client: %s", shown(v))
	}
	if v := other.do(t, "SRANDMEMBER a -9223372036854775808"); v.kind != failure {
		t.Errorf("%s", shown(v))
	}
}

// Patterns that no regular expression stands for are refused.
func TestPatternsAreNoExpressions(t *testing.T) {
	s := startServer(t)
	for _, pattern := range []string{"[z-a]", "[^]", "[", `[\\p]`, `\\\\E(`, `\x80\x81*`, "[a--b]"} {
		w := dial(t, s.Addr())
		for _, command := range []string{"PUBSUB CHANNELS", "PSUBSCRIBE"} {
			if v := w.do(t, command+` "`+pattern+`"`); v.kind != failure {
				t.Errorf("%s %s: %s", command, pattern, shown(v))
			}
		}
	}
}

// No command ends the program, whatever its words are.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{"KEYS [z-a]", "PSUBSCRIBE \x80*", "SRANDMEMBER s -9", "HSCAN h 0 MATCH [^]", "GETRANGE a -9 9", "XRANGE x - + COUNT -1",
		"ZRANGEBYLEX z [a (b LIMIT -1 9", "BITCOUNT a 9 -9 BIT", "GEORADIUS g 1 1 9 km", "LPOS l a RANK -9223372036854775808"} {
		f.Add(seed)
	}
	s := startServer(f)
	for _, line := range []string{"SET a abc", "RPUSH l a b", "SADD s a b", "ZADD z 1 a 2 b", "HSET h a 1", "XADD x 1-1 a 1", "GEOADD g 1 1 a"} {
		c := s.newSession(discarded{})
		c.handle(incoming{args: strings.Fields(line)})
	}
	f.Fuzz(func(t *testing.T, line string) {
		args, err := readRequest(bufio.NewReader(strings.NewReader(line + "\r\n")))
		if err != nil || blocks(strings.ToUpper(args[0])) || strings.HasPrefix(strings.ToUpper(args[0]), "SETBIT") {
			return
		}
		c := s.newSession(discarded{})
		c.handle(incoming{args: args})
		c.subs.leave(c)
		s.remove(c)
	})
}

// discarded is a connection that nobody is on the other end of.
type discarded struct{ net.Conn }

func (discarded) Write(p []byte) (int, error) { return len(p), nil }
func (discarded) Close() error                { return nil }
func (discarded) RemoteAddr() net.Addr        { return &net.TCPAddr{} }
func (discarded) LocalAddr() net.Addr         { return &net.TCPAddr{} }

// Requests that are not RESP end the connection with an error, not the server.
func TestBrokenRequests(t *testing.T) {
	s := startServer(t)
	for _, raw := range []string{"*1\r\nPING\r\n", "*1\r\n$-5\r\n", "*1\r\n$99999999999\r\n", "*99999999\r\n", "*x\r\n", "a \"b\r\n", strings.Repeat("x", 70<<10)} {
		w := dial(t, s.Addr())
		if _, err := w.conn.Write([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if v := w.next(t); v.kind != failure || !strings.Contains(v.text, "Protocol error") {
			t.Errorf("%.20q: %s", raw, shown(v))
		}
	}
	w := dial(t, s.Addr())
	if _, err := w.conn.Write([]byte("*0\r\n\r\n*-1\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	if v := w.next(t); v.text != "PONG" {
		t.Errorf("after empty requests: %s", shown(v))
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{"PING\r\n", "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "SET \"a\\x00\" 'b'\r\n", "*1\r\n$-1\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReader(bytes.NewReader(raw))
		for {
			words, err := readRequest(r)
			if err != nil {
				return
			}
			if len(words) == 0 {
				t.Fatal("a request without words")
			}
		}
	})
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{"+OK\r\n", "*2\r\n:1\r\n$1\r\na\r\n", "%1\r\n+a\r\n_\r\n", "*-1\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := readReply(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		again, err := readReply(bufio.NewReader(bytes.NewReader(v.append(nil, true))))
		if err != nil || shown(again) != shown(v) {
			t.Errorf("%s is read back as %s, %v", shown(v), shown(again), err)
		}
	})
}

// Keys that do not fit the pattern are not counted: a small part of many keys is
// one page, not a page for each thousand of the others.
func TestScanCountsWhatFits(t *testing.T) {
	s := startServer(t)
	for i := range 20_000 {
		if err := s.m.Set(fmt.Sprintf("other:%d", i), "v"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		if err := s.m.Set(fmt.Sprintf("mine:%d", i), "v"); err != nil {
			t.Fatal(err)
		}
	}
	v := dial(t, s.Addr()).do(t, "SCAN 0 MATCH mine:* COUNT 1000")
	if cursor, keys := v.items[0].text, len(v.items[1].items); cursor != "0" || keys != 100 {
		t.Errorf("%d keys and the cursor %s", keys, cursor)
	}
}
