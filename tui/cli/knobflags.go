package cli

import (
	"slices"
	"strings"

	"resilab/labs/lab"
)

// isKnob reports whether a flag is a setting of a lab that a person can turn.
func (s commandSet) isKnob(id string) bool { return len(s.labsWith(id)) > 0 }

// labsWith returns the ids of the labs that have a setting.
func (s commandSet) labsWith(id string) (ids []string) {
	for _, e := range s.labs {
		if k, ok := e.Spec.Knob(id); ok && !k.Setup {
			ids = append(ids, e.Spec.ID)
		}
	}
	return ids
}

// labKnobs declares the settings of all labs as flags. A setting that several labs
// have is that of the lab which --lab names; without --lab it is declared as text,
// and knobsOfLabs refuses it.
func labKnobs(set commandSet, args []string) (flags []lab.Knob) {
	chosen := flagIn(args, "lab")
	for _, e := range set.labs {
		for _, k := range e.Spec.Knobs {
			if owners := set.labsWith(k.ID); k.Setup || hasFlag(flags, k.ID) {
				continue
			} else if len(owners) > 1 && !slices.Contains(owners, chosen) {
				k = lab.NewText(k.ID, "")
			} else if len(owners) > 1 {
				k = set.knob(chosen, k.ID)
			}
			flags = append(flags, k)
		}
	}
	return flags
}

func (s commandSet) knob(labID, id string) lab.Knob {
	e, _ := s.labs.Find(labID)
	k, _ := e.Spec.Knob(id)
	return k
}

// knobsOfLabs returns each lab's settings with those that were given, and which lab
// is to be shown first: that of --lab, else the first that was given a setting. The
// error is a usageError.
func (s commandSet) knobsOfLabs(in values) (start map[string]lab.Settings, first string, err error) {
	start, byLab := map[string]lab.Settings{}, map[string]lab.Settings{}
	first = in.flags.Text("lab")
	chosen := in.isGiven("lab")
	for _, e := range s.labs {
		id := e.Spec.ID
		byLab[id] = lab.Settings{}
		for _, k := range e.Spec.Knobs {
			if k.Setup || !in.isGiven(k.ID) {
				continue
			}
			owners := s.labsWith(k.ID)
			if len(owners) > 1 && !(chosen && slices.Contains(owners, first)) {
				return nil, "", usageError{&wordedError{key: "cli.error.shared", args: []any{"--" + k.ID, strings.Join(owners, ", ")}}}
			}
			if len(owners) == 1 || id == first {
				byLab[id][k.ID] = in.flags[k.ID]
			}
		}
		start[id] = e.Spec.Complete(byLab[id])
		if err := e.Spec.Check(start[id]); err != nil {
			return nil, "", usageError{err}
		}
	}
	if !chosen {
		i := slices.IndexFunc(s.labs.Specs(), func(spec *lab.Spec) bool { return len(byLab[spec.ID]) > 0 })
		if i >= 0 {
			first = s.labs[i].Spec.ID
		}
	}
	return start, first, nil
}
