package cli

import (
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// languageFlag is declared by every command; it is read before all others,
// because errors are reported in that language too.
func languageFlag() lab.Knob {
	return lab.NewChoice("lang", "auto", string(i18n.Spanish), string(i18n.English))
}

// progressFlag names the file of the progress in the course.
func progressFlag() lab.Knob { return lab.NewText("progress", "") }

// seedFlag: the same seed gives the same draws.
func seedFlag() lab.Knob { return lab.NewInt("seed", 1, 0, 1<<31-1) }

const formatJSON = "json"

func themeFlags() []lab.Knob {
	return []lab.Knob{
		lab.NewChoice("theme", append([]string{"auto", "dark", "light"}, theme.Names()...)...),
		lab.NewChoice("glyphs", theme.Auto.String(), theme.Blocks.String(), theme.Braille.String(), theme.ASCII.String()),
		lab.NewBool("ascii", false),
		lab.NewBool("reduced-motion", false),
	}
}

// brokerFlags choose where the brokers are.
func brokerFlags() []lab.Knob {
	flags := []lab.Knob{lab.NewChoice("brokers", "embedded", "local")}
	for _, kind := range kinds() {
		flags = append(flags, lab.NewText(urlFlag(kind), ""))
	}
	return flags
}

// kinds are the kinds of brokers in the order in which they are shown.
func kinds() []string { return []string{lab.AMQP, lab.Redis, lab.Kafka, lab.NATS} }

// urlFlag is the flag that says where a broker of a kind is.
func urlFlag(kind string) string { return kind + "-url" }

// hasFlag reports whether a flag is among those declared.
func hasFlag(flags []lab.Knob, id string) bool {
	for _, k := range flags {
		if k.ID == id {
			return true
		}
	}
	return false
}
