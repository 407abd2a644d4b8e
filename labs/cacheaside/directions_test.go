package cacheaside

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms are the packages of the lab by their place: each may import those behind
// it, and none the shell.
var rooms = []string{"export", "workload", "fault", "service", "measure", "catalog"}

func TestArrowsRunDown(t *testing.T) {
	const here = "resilab/labs/cacheaside"
	for i, room := range rooms {
		out, err := exec.Command("go", "list", "-deps", here+"/"+room).Output()
		if err != nil {
			t.Fatalf("listing what %s imports: %v", room, err)
		}
		for dep := range strings.Lines(string(out)) {
			dep = strings.TrimSpace(dep)
			below, isRoom := strings.CutPrefix(dep, here+"/")
			switch {
			case dep == here:
				t.Errorf("%s imports the shell", room)
			case isRoom && below != room && !slices.Contains(rooms[i+1:], below):
				t.Errorf("%s imports %s", room, below)
			}
		}
	}
}
