package app

import "resilab/tui/quiet"

func init() { quiet.Done() }
