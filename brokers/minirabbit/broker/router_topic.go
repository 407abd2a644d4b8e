package broker

import "strings"

// A topicRouter routes by patterns of words with dots between them: * stands
// for one word, # for any number. The patterns form a tree with one level for
// each word, so the time for a message depends on its matches, not on all bindings.
type topicRouter struct {
	maxHashes int // most words "#" in a pattern
	root      topicNode
}

func (r *topicRouter) check(b *binding) error {
	n := 0
	for _, word := range topicWords(b.key, nil) {
		if word == "#" {
			n++
		}
	}
	if n > r.maxHashes {
		return Refuse(PreconditionFailed, "Topic binding key '%s' uses %d '#' wildcards, at most %d are allowed", b.key, n, r.maxHashes)
	}
	return nil
}

type topicNode struct {
	next map[string]*topicNode // by the pattern's next word
	ends []destination         // of the patterns that end here
}

func (r *topicRouter) add(b *binding) {
	n := &r.root
	for _, word := range topicWords(b.key, nil) {
		if n.next == nil {
			n.next = map[string]*topicNode{}
		}
		if n.next[word] == nil {
			n.next[word] = &topicNode{}
		}
		n = n.next[word]
	}
	n.ends = append(n.ends, b.to)
}

func (r *topicRouter) remove(b *binding) {
	r.root.remove(topicWords(b.key, nil), b.to)
}

// remove removes a pattern and the branches that it leaves empty.
func (n *topicNode) remove(words []string, d destination) {
	if len(words) == 0 {
		n.ends = without(n.ends, d)
		return
	}
	child := n.next[words[0]]
	if child == nil {
		return
	}
	child.remove(words[1:], d)
	if len(child.next) == 0 && len(child.ends) == 0 {
		delete(n.next, words[0])
	}
}

func (r *topicRouter) route(key string, _ *Message, to []destination) []destination {
	var words [8]string
	m := topicMatch{to: to}
	m.walk(&r.root, topicWords(key, words[:0]))
	return m.to
}

// A topicMatch is the search for one key.
type topicMatch struct {
	to   []destination
	seen map[topicState]struct{}
}

// A topicState is a place in the tree and how many words are left.
type topicState struct {
	node *topicNode
	left int
}

func (m *topicMatch) walk(n *topicNode, words []string) {
	if len(words) == 0 {
		m.to = append(m.to, n.ends...)
	} else {
		if child := n.next[words[0]]; child != nil {
			m.walk(child, words[1:])
		}
		if child := n.next["*"]; child != nil {
			m.walk(child, words[1:])
		}
	}
	if child := n.next["#"]; child != nil {
		for i := range len(words) + 1 {
			m.walkOnce(child, words[i:])
		}
	}
}

// walkOnce is walk for places that can be reached in several ways: every # in a
// pattern multiplies them, so it skips places that were visited.
func (m *topicMatch) walkOnce(n *topicNode, words []string) {
	if len(n.next) > 0 {
		s := topicState{n, len(words)}
		if _, ok := m.seen[s]; ok {
			return
		}
		if m.seen == nil {
			m.seen = map[topicState]struct{}{}
		}
		m.seen[s] = struct{}{}
	}
	m.walk(n, words)
}

// topicWords cuts a key at its dots; the empty key has no words.
func topicWords(key string, words []string) []string {
	for more := key != ""; more; {
		var word string
		word, key, more = strings.Cut(key, ".")
		words = append(words, word)
	}
	return words
}
