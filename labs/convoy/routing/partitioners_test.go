package routing

import (
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
			if routers[Java].Route(key) != routers[KafkaJS].Route(key) {
				t.Fatalf("kafkajs 2 is compatible with the Java client; key %q is not", key)
			}
		}
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

// TestPartitionersOfLibrdkafka: the partitions are what librdkafka 2.0.2 returns
// for 2, 3, 4, 7 and 12 of them, from rd_kafka_msg_partitioner_consistent, _murmur2
// and _fnv1a.
func TestPartitionersOfLibrdkafka(t *testing.T) {
	counts := []int{2, 3, 4, 7, 12}
	names := []string{Librdkafka, Java, Sarama}
	for key, want := range map[string][3][]int{
		"user1":   {{1, 1, 1, 2, 1}, {0, 0, 2, 1, 6}, {1, 2, 3, 2, 11}},
		"user2":   {{1, 2, 3, 3, 11}, {1, 2, 1, 0, 5}, {0, 2, 0, 3, 8}},
		"user3":   {{1, 2, 1, 5, 5}, {1, 2, 3, 3, 11}, {1, 0, 1, 5, 9}},
		"user10":  {{1, 0, 3, 1, 3}, {1, 1, 1, 5, 1}, {1, 1, 3, 6, 7}},
		"user42":  {{0, 0, 2, 5, 6}, {0, 1, 0, 3, 4}, {0, 1, 0, 0, 4}},
		"order-1": {{1, 1, 3, 6, 7}, {0, 1, 2, 4, 10}, {1, 1, 1, 1, 1}},
		"a":       {{1, 0, 3, 4, 3}, {0, 1, 0, 5, 4}, {0, 0, 0, 6, 0}},
		"ñandú":   {{0, 0, 2, 3, 6}, {0, 1, 0, 6, 4}, {1, 0, 1, 5, 9}},
		"0":       {{1, 2, 1, 4, 5}, {0, 2, 0, 3, 8}, {1, 0, 3, 0, 3}},
		"The quick brown fox jumps over the lazy dog": {{1, 1, 1, 1, 1}, {0, 0, 2, 3, 6}, {0, 0, 0, 5, 0}},
	} {
		for i, name := range names {
			for j, n := range counts {
				r, err := NewKafka(name, n)
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Route(key); got != want[i][j] {
					t.Errorf("%s, %d partitions, key %q: %d, want %d", name, n, key, got, want[i][j])
				}
			}
		}
	}
}
