package routing

import (
	"hash/crc32"
	"hash/fnv"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestPartitioners compares with franz-go's own versions of other clients'
// partitioners.
func TestPartitioners(t *testing.T) {
	sum := func(key []byte) uint32 {
		h := fnv.New32a()
		h.Write(key)
		return h.Sum32()
	}
	sarama := kgo.StickyKeyPartitioner(kgo.SaramaCompatHasher(sum)).ForTopic("orders")
	for _, n := range []int{1, 3, 4, 50} {
		routers := map[string]Router{}
		for _, name := range Partitioners() {
			r, err := NewKafka(name, n)
			if err != nil {
				t.Fatal(err)
			}
			routers[name] = r
		}
		for _, key := range keys(2000) {
			if got, want := routers[Sarama].Route(key), sarama.Partition(&kgo.Record{Key: []byte(key)}, n); got != want {
				t.Fatalf("sarama, %d partitions, key %q: %d, want %d", n, key, got, want)
			}
			if got, want := routers[Librdkafka].Route(key), int(crc32.ChecksumIEEE([]byte(key))%uint32(n)); got != want {
				t.Fatalf("librdkafka, %d partitions, key %q: %d, want %d", n, key, got, want)
			}
			if routers[Java].Route(key) != routers[KafkaJS].Route(key) {
				t.Fatalf("kafkajs 2 is compatible with the Java client; key %q is not", key)
			}
		}
	}
	// The check value of CRC-32 is 0xcbf43926.
	if got := crcPartitions(10).Route("123456789"); got != 0xcbf43926%10 {
		t.Errorf("partition %d", got)
	}
	for _, bad := range []struct {
		name string
		n    int
	}{{"python", 3}, {Java, 0}, {Sarama, MaxLanes + 1}} {
		if _, err := NewKafka(bad.name, bad.n); err == nil {
			t.Errorf("%s with %d partitions is accepted", bad.name, bad.n)
		}
	}
}
