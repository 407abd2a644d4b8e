package routing

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"strings"
)

// Partitioners: how clients of Kafka choose the partition of a key.
const (
	Java       = "java"       // murmur2; franz-go and confluent-kafka's murmur2 settings, too
	Librdkafka = "librdkafka" // CRC-32: its default, consistent_random
	Sarama     = "sarama"     // FNV-1a: its default, the hash partitioner
	KafkaJS    = "kafkajs"    // murmur2, since version 2
)

// Partitioners lists the names that NewKafka takes. The default of the Java client comes
// first.
func Partitioners() []string { return []string{Java, Librdkafka, Sarama, KafkaJS} }

// NewKafka returns the router of a topic with so many partitions for a client's
// partitioner.
func NewKafka(partitioner string, partitions int) (Router, error) {
	if partitions < 1 || partitions > MaxLanes {
		return nil, fmt.Errorf("%d lanes is not between 1 and %d", partitions, MaxLanes)
	}
	switch partitioner {
	case Java, KafkaJS:
		return Partitions(partitions), nil
	case Librdkafka:
		return crcPartitions(partitions), nil
	case Sarama:
		return fnvPartitions(partitions), nil
	}
	return nil, fmt.Errorf("partitioner %q is not one of %s", partitioner, strings.Join(Partitioners(), "|"))
}

// crcPartitions is librdkafka's rd_kafka_msg_partitioner_consistent: the CRC-32 of
// the key modulo the number of partitions.
type crcPartitions int

// Route implements Router.
func (p crcPartitions) Route(key string) int {
	return int(crc32.ChecksumIEEE([]byte(key)) % uint32(p))
}

// fnvPartitions is sarama's NewHashPartitioner: FNV-1a, 32 bits, as a signed number
// modulo the number of partitions, without its sign.
type fnvPartitions int

// Route implements Router.
func (p fnvPartitions) Route(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key)) // never fails
	partition := int32(h.Sum32()) % int32(p)
	return int(max(partition, -partition))
}

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
