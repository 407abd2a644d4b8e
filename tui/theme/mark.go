package theme

import "resilab/labs/lab"

// MarkWidth is how many cells the symbol of an event takes.
const MarkWidth = 2

const markCount = int(lab.MarkSetting) + 1

type mark struct {
	symbol string
	style  Style
}

// Mark returns an event's symbol, MarkWidth cells wide, and its colour. With
// glyphs other than ASCII they are those of the course material.
func (t *Theme) Mark(m lab.Mark) (symbol string, style Style) {
	if m < 0 || int(m) >= markCount {
		m = lab.MarkInfo
	}
	return t.marks[m].symbol, t.marks[m].style
}

func marksOf(t *Theme) (marks [markCount]mark) {
	marks = [markCount]mark{
		lab.MarkInfo:      {"· ", t.Dim},
		lab.MarkAttempt:   {"🔵", t.Accent},
		lab.MarkRetry:     {"🟡", t.Warn},
		lab.MarkWait:      {"⏳", t.Dim},
		lab.MarkOK:        {"✅", t.Good},
		lab.MarkFail:      {"🔴", t.Bad},
		lab.MarkWarn:      {"🟠", t.Warn},
		lab.MarkSent:      {"📦", t.Accent},
		lab.MarkHandled:   {"✅", t.Good},
		lab.MarkFault:     {"⚡", t.Bad},
		lab.MarkRecovered: {"🟢", t.Good},
		lab.MarkSetting:   {"🔧", t.Focus},
	}
	if t.Glyph.Set != ASCII {
		return marks
	}
	for m, symbol := range map[lab.Mark]string{
		lab.MarkInfo: "- ", lab.MarkAttempt: "> ", lab.MarkRetry: "~ ", lab.MarkWait: ". ",
		lab.MarkOK: "ok", lab.MarkFail: "x ", lab.MarkWarn: "! ", lab.MarkSent: "->",
		lab.MarkHandled: "ok", lab.MarkFault: "!!", lab.MarkRecovered: "up", lab.MarkSetting: "* ",
	} {
		marks[m].symbol = symbol
	}
	return marks
}
