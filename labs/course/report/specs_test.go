package report

import (
	"resilab/labs"
	"resilab/labs/lab"
)

func specs() []*lab.Spec { return labs.All().Specs() }
