package export

import (
	"slices"
	"strings"

	"resilab/labs/retry/policy"
)

// width is how long a line of comment may be.
const width = 88

// head is the comment at the top of a program: where it comes from, and what the
// library does otherwise.
func (p *page) head(prefix string) string {
	lines := []string{p.catalogue.T("export.head", p.library.title)}
	lines = append(lines, p.remarks()...)
	commented := make([]string, len(lines))
	for i, line := range lines {
		commented[i] = comment(prefix, line)
	}
	return strings.Join(commented, "\n")
}

// note is one comment from the catalogue.
func (p *page) note(prefix, key string) string { return comment(prefix, p.catalogue.T("export."+key)) }

// remarks lists where the program differs from the settings.
func (p *page) remarks() []string {
	var remarks []string
	say := func(when bool, key string, args ...any) {
		if when {
			remarks = append(remarks, p.catalogue.T("export.note."+key, append([]any{p.library.title}, args...)...))
		}
	}
	l, s := p.library, &p.Settings
	asked, got := s.Policy.Jitter.String(), p.P.Jitter.String()
	say(l.attempts, "attempts", p.Attempts, p.P.Retries)
	say(asked != got, "jitter", asked, got)
	say(asked == got && !l.exactRandom(&p.P), "random", number(p.P.Factor))
	say(l.capFirst && p.Native && p.P.Jitter == policy.Percent, "cap", number(p.P.JitterPct))
	say(l.name == "spring-retry" && p.P.Base == 0, "base")
	say(!l.offers(timeout) && s.Policy.AttemptTimeout > 0, "timeout")
	say(!l.offers(deadline) && s.Policy.Deadline > 0, "deadline")
	say(l.offers(softDeadline) && s.Policy.Deadline > 0, "soft-deadline")
	say(!l.offers(retryAfter) && s.Policy.HonorRetryAfter, "retry-after")
	say(s.Budget != "" && !slices.Contains(l.budgets, s.Budget), "budget", s.Budget)
	say(!l.offers(breaker) && s.Breaker != nil, "breaker")
	say(l.offers(breaker) && s.Breaker != nil && l.name != "failsafe-go" && s.Breaker.Failures > 0, "breaker-rate")
	say(l.name == "polly" && s.Breaker != nil && s.Breaker.OpenFor < shortestBreak, "break", shortestBreak)
	say(!l.offers(hedge) && s.Hedge > 0, "hedge")
	say(!s.Classify, "blind")
	say(l.name == "aws-sdk-go-v2", "aws")
	say(l.name == "spring-retry", "archived")
	return remarks
}

// comment breaks a text into lines of comment.
func comment(prefix, text string) string {
	var lines []string
	line := prefix
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != prefix {
			lines = append(lines, line)
			line = prefix
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}
