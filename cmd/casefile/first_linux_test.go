package main

import (
	"bytes"
	"strings"
	"testing"

	"casefile/collectors"
)

// Whoever types casefile and nothing else learns what to type.
func TestFirstMinute(t *testing.T) {
	var out bytes.Buffer
	if !firstMinute(t.Context(), &ui{out: &out}) || !strings.Contains(out.String(), "casefile collect") || !strings.Contains(out.String(), "casefile --help") {
		t.Errorf("%s", out.String())
	}
}

func TestOffer(t *testing.T) {
	job := func(pid int, title string) collectors.Prepared {
		return collectors.Prepared{Job: collectors.Job{PID: pid, Title: title}}
	}
	var many []collectors.Prepared
	for pid := 100; pid < 115; pid++ {
		many = append(many, job(pid, "a service"))
	}
	for name, c := range map[string]struct {
		jobs       []collectors.Prepared
		has, hasnt []string
	}{
		"one":  {[]collectors.Prepared{job(0, "the host"), job(4711, "Confluence, pid 4711")}, []string{"  Confluence, pid 4711\n", "casefile collect\n"}, []string{"the host", "--pid"}},
		"two":  {[]collectors.Prepared{job(4711, "A"), job(4712, "B")}, []string{"  A\n  B\n", "casefile collect --pid 4711\n"}, nil},
		"many": {many, []string{"  and 3 more\n"}, nil},
	} {
		var b strings.Builder
		offer(&b, c.jobs)
		for _, w := range c.has {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: no %q in\n%s", name, w, b.String())
			}
		}
		for _, w := range c.hasnt {
			if strings.Contains(b.String(), w) {
				t.Errorf("%s: %q in\n%s", name, w, b.String())
			}
		}
	}
}
