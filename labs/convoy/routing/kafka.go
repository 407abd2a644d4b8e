package routing

import "encoding/binary"

// Partitions routes keyed records as Kafka's default partitioner does, and with
// it franz-go and kafkajs: murmur2 of the key, sign bit off, modulo the number
// of partitions. (org.apache.kafka.common.utils.Utils.murmur2)
type Partitions int

// Route implements Router.
func (p Partitions) Route(key string) int {
	return int(murmur2([]byte(key))&0x7fffffff) % int(p)
}

// murmur2 is Austin Appleby's MurmurHash2 with the seed that Kafka uses.
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := seed ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k ^= k >> r
		h = h*m ^ k*m
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
