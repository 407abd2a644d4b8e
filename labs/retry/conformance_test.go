package retry

import (
	"resilab/labs/clock"
	"testing"

	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestConformance(t *testing.T) {
	labtest.Run(t, labtest.Subject{
		Spec: Spec(), New: New,
		Env: lab.Env{Namespace: "test", Clock: clock.New(nil)},
	})
}
