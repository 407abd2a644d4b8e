package lab

// Effect is an experiment that shows what a knob does: with the settings With
// beside the defaults, Metric changes by a tenth or more when the knob goes from
// its default to To. The suite that every lab passes makes each of them.
type Effect struct {
	Metric string
	To     Value
	With   Settings
	// Unmeasured says why no metric shows the knob; the other fields are empty.
	Unmeasured string
}

// Moves returns the knob with an experiment that shows what it does.
func (k Knob) Moves(metric string, to Value, with Settings) Knob {
	k.Effect = Effect{Metric: metric, To: to, With: with}
	return k
}

// Unmeasured returns the knob with the reason why no metric shows it.
func (k Knob) Unmeasured(reason string) Knob {
	k.Effect = Effect{Unmeasured: reason}
	return k
}
