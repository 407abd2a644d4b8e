package retry

import (
	"resilab/labs/lab"
)

// Commands are what the lab adds to the command line.
func Commands() []lab.Command {
	return []lab.Command{
		{Name: "fleet", Flags: fleetFlags(), Run: runFleet},
		{Name: "schedule", Flags: scheduleFlags(), Run: runSchedule},
	}
}

// seedFlag: the same seed gives the same draws.
func seedFlag() lab.Knob { return lab.NewInt("seed", 1, 0, 1<<31-1) }

// formatFlag chooses between text for people and JSON for programs.
func formatFlag() lab.Knob { return lab.NewChoice("format", formatText, formatJSON) }

const (
	formatText = "text"
	formatJSON = "json"
)
