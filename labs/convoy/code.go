package convoy

import (
	"strings"

	"resilab/labs/convoy/export"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// exportedOrders is how many orders a program publishes where the settings name no
// end, and maxExported the most.
const exportedOrders, maxExported = 60, 10_000

// Export returns how the settings become programs.
func Export() *lab.Export {
	return &lab.Export{Targets: export.Targets(), Target: func(lab.Settings) string { return export.Targets()[0] }, Code: code}
}

// code returns the settings as a program. Its error is a *lab.KnobError where there
// is no program for the broker.
func code(lang i18n.Lang, target string, s lab.Settings) (string, error) {
	if p := productOf(s); !p.exported {
		allowed := engines(func(p product) bool { return p.exported })
		return "", &lab.KnobError{Knob: "engine", Value: p.id, Allowed: strings.Join(allowed, "|")}
	}
	words, err := i18n.Load(lang, texts)
	if err != nil {
		return "", err
	}
	orders := s.Int("orders")
	if orders == 0 {
		orders = exportedOrders
	}
	mode := s.Text("mode")
	return export.Code(target, export.Settings{
		Mode: mode, Users: s.Int("users"), Lanes: s.Int("lanes"), Orders: min(orders, maxExported),
		Prefetch: s.Int("prefetch"), Quorum: s.Text("queue-type") == queueQuorum, Work: s.Duration("work"),
		Words: []string{words.T("convoy.export.title", words.T("convoy.choice.mode."+mode)), words.T("convoy.export.url")},
	})
}
