package lab

import "testing"

func bundled() *Spec {
	scene := NewChoice("scene", "calm", "storm")
	scene.Sets = map[string]Settings{
		"calm":  {"waves": IntValue(1)},
		"storm": {"waves": IntValue(9)},
	}
	boat := NewChoice("boat", "own", "raft")
	boat.Sets = map[string]Settings{"raft": {"oars": IntValue(0)}}
	boat.Else = "own"
	return &Spec{ID: "sea", Knobs: []Knob{scene, NewInt("waves", 1, 0, 10), NewInt("oars", 2, 0, 8), boat}}
}

func TestTurnBundle(t *testing.T) {
	s := bundled()
	got := s.Turn(s.Defaults(), "scene", ChoiceValue("storm"))
	if got.Int("waves") != 9 || got.Int("oars") != 2 {
		t.Errorf("a bundle turns its knobs and no other: %v", got)
	}
	got = s.Turn(got, "waves", IntValue(3))
	if got.Text("scene") != "storm" {
		t.Errorf("a choice without Else keeps its word: %v", got)
	}
	got = s.Turn(got, "boat", ChoiceValue("raft"))
	if got.Int("oars") != 0 {
		t.Errorf("the second bundle: %v", got)
	}
	if again := s.Turn(got, "oars", IntValue(0)); again.Text("boat") != "raft" {
		t.Errorf("turning a knob to what the bundle sets leaves the word: %v", again)
	}
	if away := s.Turn(got, "oars", IntValue(4)); away.Text("boat") != "own" || away.Int("oars") != 4 {
		t.Errorf("turned away, the word no longer fits: %v", away)
	}
}

func TestComplete(t *testing.T) {
	s := bundled()
	got := s.Complete(Settings{"waves": IntValue(4), "scene": ChoiceValue("storm")})
	want := Settings{"waves": IntValue(4), "scene": ChoiceValue("storm"), "oars": IntValue(2), "boat": ChoiceValue("own")}
	for id, v := range want {
		if got[id] != v {
			t.Errorf("%s = %v, want %v: what is given wins over the bundle", id, got[id], v)
		}
	}
	if got := s.Complete(Settings{"boat": ChoiceValue("raft")}); got.Int("oars") != 0 {
		t.Errorf("a bundle that is given sets its knobs: %v", got)
	}
}
