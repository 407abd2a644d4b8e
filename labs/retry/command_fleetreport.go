package retry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry/fleet"
)

// sparkWidth is the most cells of the sparkline of arrivals.
const sparkWidth = 60

// reportedFigures are the figures of the report, in its order. The others of
// fleet.Result.Metrics have the same meaning as one of these.
func reportedFigures() []string {
	return []string{
		"operations", "attempts", "retries", "amplification",
		"success", "success_no_retry", "served", "failure", "declined", "queued", "recovered", "lost_orders",
		"p50_ms", "p95_ms", "p99_ms", "last_done_ms", "cost",
		"peak", "peak_calls", "outage_calls", "rejected", "rejected_after_recovery", "over_budget", "wasted_work",
		"charges", "orders_paid", "double_charges",
	}
}

// fleetReport writes the arrivals, the figures and, last, what they mean in words.
func fleetReport(text *i18n.Catalogue, cfg fleet.Config, r *fleet.Result, verdict []string) (t lab.Table) {
	t.Title(text.T("retry.fleet.title", fmt.Sprintf("%.1f", r.LastDone.Seconds()), cfg.Seed))
	line, width := sparkline(r.Bins)
	t.Title(text.T("retry.fleet.arrivals", i18n.FormatDuration(width), r.PeakCalls))
	t.Row(line, "")
	t.Title(text.T("retry.fleet.figures"))
	metrics := r.Metrics()
	for _, id := range reportedFigures() {
		t.Row(figureName(text, id), figureFormat(id).Write(metrics[id]))
	}
	t.Title(text.T("retry.fleet.summary"))
	for _, sentence := range append(summary(text, r), verdict...) {
		t.Row(sentence, "")
	}
	return t
}

// sparkline draws the calls of the bins in at most sparkWidth cells, each of the
// given width.
func sparkline(bins []fleet.Bin) (line string, width time.Duration) {
	last := len(bins)
	for last > 0 && bins[last-1].Calls == 0 {
		last--
	}
	each := max(1, (last+sparkWidth-1)/sparkWidth)
	var sums []int
	for chunk := range slices.Chunk(bins[:last], each) {
		sum := 0
		for _, b := range chunk {
			sum += b.Calls
		}
		sums = append(sums, sum)
	}
	signs := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, n := range sums {
		if n == 0 {
			b.WriteRune(' ')
			continue
		}
		b.WriteRune(signs[(n*len(signs)-1)/max(1, slices.Max(sums))])
	}
	return b.String(), time.Duration(each) * fleet.BinWidth
}

// figureName is a figure's name: the lab's own where its metric is the same.
func figureName(text *i18n.Catalogue, id string) string {
	if key := "retry.fleet.figure." + id; text.Has(key) {
		return text.T(key)
	}
	return text.T("retry.metric." + id)
}

// figureFormat is how a figure is written: as the lab's metric of the same name.
func figureFormat(id string) lab.Format {
	spec := Spec()
	for _, name := range []string{id, fleetPrefix + id} {
		if m, ok := spec.Metric(name); ok {
			return m.Format
		}
	}
	switch {
	case id == "failure":
		return lab.Share
	case strings.HasSuffix(id, "_ms"):
		return lab.Millis
	}
	return lab.Count
}

// summary describes in sentences what happened to the operations.
func summary(text *i18n.Catalogue, r *fleet.Result) []string {
	m := r.Metrics()
	share := func(v float64) string { return strings.ReplaceAll(lab.Share.Write(v), " ", "\u00a0") }
	said := []string{
		text.T("retry.fleet.served", share(m["served"]), r.Operations, share(m["success_no_retry"])),
		text.T("retry.fleet.load", fmt.Sprintf("%.2f", m["amplification"]), r.Peak),
	}
	if r.Lost > 0 {
		said = append(said, text.T("retry.fleet.lost", r.Lost))
	}
	if r.DoubleCharges > 0 {
		said = append(said, text.T("retry.fleet.double", r.DoubleCharges))
	}
	return said
}

// manyCalls is the number of calls for each operation from which retries are said
// to multiply the load.
const manyCalls = 2

// verdict states in one sentence whether the retries were worth it.
func verdict(text *i18n.Catalogue, r *fleet.Result) []string {
	m := r.Metrics()
	saved := m["served"] - m["success_no_retry"]
	key := "none"
	switch {
	case m["retries"] == 0:
	case m["amplification"] >= manyCalls:
		key = "multiplied"
	case saved > 0.001:
		key = "helped"
	default:
		key = "useless"
	}
	return []string{text.T("retry.fleet.verdict."+key, fmt.Sprintf("%.2f", m["amplification"]), lab.Share.Write(max(0, saved)))}
}

// judgement lists which conditions of an exercise hold and whether the side passes.
func judgement(text *i18n.Catalogue, s fleet.Scenario, side string, a, b map[string]float64) (said []string) {
	conditions := fleet.Conditions(s.Exercise)
	if len(conditions) == 0 {
		return nil
	}
	for _, c := range conditions {
		word := text.T("retry.fleet.fails")
		if c.Holds(a, b) {
			word = text.T("retry.fleet.holds")
		}
		f := figureFormat(c.Metric)
		said = append(said, fmt.Sprintf("%s  %s: %s %s %s", word, figureName(text, c.Metric), f.Write(b[c.Metric]), c.Op, f.Write(c.Bound(a))))
	}
	key := "retry.fleet.not_passed"
	if fleet.Passes(conditions, a, b) {
		key = "retry.fleet.passed"
	}
	return append(said, text.T(key, s.Name, side))
}
