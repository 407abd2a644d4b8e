package routing

import (
	"crypto/md5"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"sort"
)

// Shards routes as a Kinesis stream does: the MD5 of the partition key, read as
// a 128-bit number, lies in the hash key range of one shard.
type Shards struct {
	shards []shard // by the start of their range
	made   int     // shards ever made; the next one's number
}

type shard struct {
	number int
	start  u128 // its range ends where the next one starts
}

// u128 is a 128-bit number.
type u128 struct{ hi, lo uint64 }

func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

var (
	errNoShard  = errors.New("no such shard")
	errApart    = errors.New("the shards' ranges do not touch")
	errTooSmall = errors.New("the shard's range cannot be split")
)

// NewShards divides the range into n equal parts, as creating a stream does.
func NewShards(n int) *Shards {
	s := &Shards{made: n}
	width := new(big.Int).Lsh(big.NewInt(1), 128)
	width.Div(width, big.NewInt(int64(n)))
	for i := range n {
		s.shards = append(s.shards, shard{number: i, start: fromBig(new(big.Int).Mul(width, big.NewInt(int64(i))))})
	}
	return s
}

// Route implements Router: it returns the number of the shard.
func (s *Shards) Route(key string) int {
	sum := md5.Sum([]byte(key))
	h := u128{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
	i := sort.Search(len(s.shards), func(i int) bool { return h.less(s.shards[i].start) })
	return s.shards[i-1].number
}

// Len returns how many shards are open.
func (s *Shards) Len() int { return len(s.shards) }

// Split divides a shard in the middle of its range. It is replaced by two new
// shards, which get the next numbers.
func (s *Shards) Split(number int) error {
	i := s.find(number)
	if i < 0 {
		return errNoShard
	}
	start := s.shards[i].start.big()
	end := new(big.Int).Lsh(big.NewInt(1), 128)
	if i+1 < len(s.shards) {
		end = s.shards[i+1].start.big()
	}
	middle := end.Add(start, end)
	middle.Rsh(middle, 1)
	if middle.Cmp(start) <= 0 {
		return errTooSmall
	}
	s.shards[i].number = s.made
	s.shards = slices.Insert(s.shards, i+1, shard{number: s.made + 1, start: fromBig(middle)})
	s.made += 2
	return nil
}

// Merge joins two neighbours into a new shard, which gets the next number.
func (s *Shards) Merge(a, b int) error {
	i, j := s.find(a), s.find(b)
	if i < 0 || j < 0 {
		return errNoShard
	}
	if i > j {
		i, j = j, i
	}
	if j != i+1 {
		return errApart
	}
	s.shards[i].number = s.made
	s.made++
	s.shards = slices.Delete(s.shards, j, j+1)
	return nil
}

func (s *Shards) find(number int) int {
	return slices.IndexFunc(s.shards, func(sh shard) bool { return sh.number == number })
}

func (a u128) big() *big.Int {
	n := new(big.Int).SetUint64(a.hi)
	return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(a.lo))
}

func fromBig(n *big.Int) u128 {
	lo := new(big.Int).And(n, new(big.Int).SetUint64(^uint64(0)))
	return u128{new(big.Int).Rsh(n, 64).Uint64(), lo.Uint64()}
}
