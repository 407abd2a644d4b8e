package lab

// Refusal is the error of an action that means nothing in the present state of a lab.
type Refusal struct {
	Key  string // of the reason in the catalogues, for people
	Text string // in English, for logs
}

func (r *Refusal) Error() string { return r.Text }
