package course

// Passing returns the record that passed the card: this one, or the one before a
// restart.
func (r Record) Passing() (Record, bool) {
	switch {
	case r.PassedAt != nil:
		return r, true
	case r.Earlier != nil && r.Earlier.PassedAt != nil:
		return *r.Earlier, true
	}
	return Record{}, false
}

// again returns the record of a card that is restarted: hints and a pass are
// remembered.
func (r Record) again() Record {
	next := Record{Hints: r.Hints, Worked: r.Worked, Round: r.Round + 1, Resets: r.Resets}
	if p, ok := r.Passing(); ok {
		p.Earlier = nil
		next.Earlier = &p
	}
	return next
}

// Merge joins two records of one card that two programs have made. One from before
// a reset does not count. Of the others the later round counts, in it the further stage, and of equals the second record; what
// was passed stays passed.
func Merge(kept, saved Record) Record {
	switch {
	case kept.Resets > saved.Resets:
		return kept
	case saved.Resets > kept.Resets:
		return saved
	}
	winner, loser := saved, kept
	if kept.Round > saved.Round || kept.Round == saved.Round && further(kept, saved) {
		winner, loser = kept, saved
	}
	winner.Hints = max(winner.Hints, loser.Hints)
	winner.Worked = max(winner.Worked, loser.Worked)
	if winner.Round == loser.Round {
		winner.Checks = max(winner.Checks, loser.Checks)
	}
	if p, ok := firstPass(kept, saved); ok && winner.PassedAt == nil {
		p.Earlier = nil
		winner.Earlier = &p
	}
	return winner
}

// further reports whether a is ahead of b. Of two passes the earlier one counts.
func further(a, b Record) bool {
	if a.PassedAt != nil && b.PassedAt != nil {
		return a.PassedAt.Before(*b.PassedAt)
	}
	return a.Stage() > b.Stage()
}

// firstPass returns the earlier of the records that passed the card.
func firstPass(a, b Record) (Record, bool) {
	pa, okA := a.Passing()
	pb, okB := b.Passing()
	if okA && (!okB || pa.PassedAt.Before(*pb.PassedAt)) {
		return pa, true
	}
	return pb, okB
}
