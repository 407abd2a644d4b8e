package embedded

import (
	"bufio"
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// commandsFile holds the replies of Redis 7.0 to COMMAND INFO and COMMAND DOCS
// for the commands that this server has, in RESP3. The texts are Redis's own,
// under its BSD licence of that version. TestCommandsAreRedis compares the file
// with a redis-server, and with -update writes it.
//
//go:embed commands.resp
var commandsFile string

// description is what COMMAND says of one command.
type description struct {
	info, docs        value
	arity             int // with the command's name; negative: at least
	readOnly, write   bool
	blocking          bool
	first, last, step int // keys among the words; 0: none in a fixed place
}

var descriptions = sync.OnceValue(func() map[string]*description {
	r := bufio.NewReader(strings.NewReader(commandsFile))
	info, err := readReply(r)
	if err != nil {
		panic("embedded: commands.resp: " + err.Error())
	}
	docs, err := readReply(r)
	if err != nil {
		panic("embedded: commands.resp: " + err.Error())
	}
	all := map[string]*description{}
	for _, v := range info.items {
		all[strings.ToUpper(v.items[0].text)] = describe(v)
	}
	for i := 0; i+1 < len(docs.items); i += 2 {
		all[strings.ToUpper(docs.items[i].text)].docs = docs.items[i+1]
	}
	return all
})

func describe(v value) *description {
	at := func(i int) int {
		n, _ := v.items[i].int()
		return int(n)
	}
	has := func(flag string) bool {
		return slices.ContainsFunc(v.items[2].items, func(f value) bool { return f.text == flag })
	}
	return &description{info: v, arity: at(1), readOnly: has("readonly"), write: has("write"), blocking: has("blocking"),
		first: at(3), last: at(4), step: at(5)}
}

// subcommands returns what COMMAND INFO says of the subcommands.
func (d *description) subcommands() []value {
	const place = 9
	if len(d.info.items) <= place {
		return nil
	}
	return d.info.items[place].items
}

// blocks reports whether a command, in upper case, may wait for other clients.
func blocks(name string) bool {
	d := descriptions()[name]
	return d != nil && d.blocking
}

// arityFits reports whether a command takes that many words, its name included.
func arityFits(name string, words int) bool {
	d := descriptions()[name]
	return d == nil || takes(d.arity, words)
}

// takes reports whether an arity allows that many words; a negative one is the
// fewest.
func takes(arity, words int) bool { return arity == words || arity < 0 && words >= -arity }

// keysOf returns the keys among the words of a command.
func keysOf(name string, args []string) []string {
	d := descriptions()[name]
	if d == nil {
		return nil
	}
	if name == "OBJECT" && len(args) == 3 {
		return args[2:]
	}
	if d.first == 0 {
		return countedKeys(name, args)
	}
	last := d.last
	if last < 0 {
		last += len(args)
	}
	var keys []string
	for i := d.first; i <= last && i < len(args); i += d.step {
		keys = append(keys, args[i])
	}
	return keys
}

// countedKeys returns the keys of commands that say how many they have.
func countedKeys(name string, args []string) []string {
	at, ok := map[string]int{"EVAL": 2, "EVALSHA": 2, "EVAL_RO": 2, "EVALSHA_RO": 2, "ZUNION": 1, "ZINTER": 1,
		"SINTERCARD": 1, "LMPOP": 1, "ZMPOP": 1}[name]
	if !ok || len(args) <= at {
		return nil
	}
	n, err := strconv.Atoi(args[at])
	if err != nil || n < 0 || n > len(args)-at-1 {
		return nil
	}
	return args[at+1 : at+1+n]
}

// command answers COMMAND.
func command(_ *session, args []string) value {
	all := descriptions()
	if len(args) == 0 {
		return infoOf(slices.Sorted(mapKeys(all)))
	}
	names := args[1:]
	if len(names) == 0 {
		names = slices.Sorted(mapKeys(all))
	}
	switch sub := strings.ToUpper(args[0]); {
	case sub == "COUNT" && len(args) == 1:
		return number(int64(len(all)))
	case sub == "INFO":
		return infoOf(names)
	case sub == "DOCS":
		return docsOf(names)
	case sub == "LIST":
		return commandList(args[1:])
	case sub == "GETKEYS" && len(args) > 1:
		return commandKeys(args[1:])
	case slices.Contains([]string{"COUNT", "GETKEYS"}, sub):
		return errorf("ERR wrong number of arguments for 'command|%s' command", strings.ToLower(sub))
	}
	return unknownSubcommand("COMMAND", args[0])
}

func unknownSubcommand(command, sub string) value {
	return errorf("ERR unknown subcommand '%.128s'. Try %s HELP.", sub, command)
}

func infoOf(names []string) value {
	v := list()
	for _, name := range names {
		if d := descriptions()[strings.ToUpper(name)]; d != nil {
			v.items = append(v.items, d.info)
		} else {
			v.items = append(v.items, value{kind: nullList})
		}
	}
	return v
}

func docsOf(names []string) value {
	v := pairs()
	for _, name := range names {
		if d := descriptions()[strings.ToUpper(name)]; d != nil {
			v.items = append(v.items, text(strings.ToLower(name)), d.docs)
		}
	}
	return v
}

// commandList answers COMMAND LIST, whose only filter here is a pattern.
func commandList(filter []string) value {
	pattern := "*"
	switch {
	case len(filter) == 3 && strings.EqualFold(filter[0], "FILTERBY") && strings.EqualFold(filter[1], "PATTERN"):
		pattern = filter[2]
	case len(filter) > 0:
		return errorf("ERR the embedded Redis lists commands by FILTERBY PATTERN only")
	}
	v := list()
	for _, name := range slices.Sorted(mapKeys(descriptions())) {
		if name = strings.ToLower(name); matches(pattern, name) {
			v.items = append(v.items, text(name))
		}
	}
	return v
}

func commandKeys(args []string) value {
	name := strings.ToUpper(args[0])
	d := descriptions()[name]
	switch {
	case d == nil:
		return errorf("ERR Invalid command specified")
	case !arityFits(name, len(args)):
		return errorf("ERR Invalid number of arguments specified for command")
	}
	keys := keysOf(name, args)
	if len(keys) == 0 {
		return errorf("ERR The command has no key arguments")
	}
	return texts(keys...)
}
