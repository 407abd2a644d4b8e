package retry

import (
	"fmt"
	"strings"
	"testing"

	"resilab/labs/lab"
	"resilab/labs/labtest"
	"resilab/labs/retry/gateway/gatewaytest"
)

func TestConformance(t *testing.T) {
	labtest.Run(t, labtest.Subject{
		Spec: Spec(), New: New, Env: lab.Env{Namespace: "test"}, Brief: true,
		Still: settings(t, map[string]string{"failure-rate": "0.5", "base": "20ms", "latency": "5ms"}), Draws: draws,
	})
}

// The experiments of the knobs are made on a network in memory.
func TestKnobs(t *testing.T) {
	labtest.Effects(t, labtest.Subject{
		Spec: Spec(), Env: lab.Env{Namespace: "test"}, InMemory: true,
		New: func(env lab.Env) lab.Lab {
			memory := gatewaytest.New()
			return newLab(env, network{listen: memory.Listen, dial: memory.Dial})
		},
	})
}

// draws are the causes of failed calls and the waits after them.
func draws(snap *lab.Snapshot) (all []string) {
	for _, op := range snap.Detail.(*Detail).Ops {
		var causes []string
		for _, span := range op.Spans {
			if !span.Wait {
				causes = append(causes, string(span.Cause))
			}
		}
		all = append(all, strings.Join(causes, ","))
	}
	for _, e := range snap.Events {
		if e.Key == "retry.event.waiting" {
			all = append(all, fmt.Sprint(e.Args...))
		}
	}
	return all
}
