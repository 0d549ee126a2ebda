package redact_test

import (
	"bytes"
	"strings"
	"testing"

	"casefile/bundle/redact"
	"casefile/testdata/canary"
)

// channelKinds are the kinds of text in which the channels of a process reach a bundle.
var channelKinds = map[canary.Channel]redact.Kind{
	canary.Arguments: redact.Environ, canary.Environment: redact.Environ, canary.Properties: redact.Properties, canary.YAML: redact.YAML, canary.JSON: redact.JSON, canary.XML: redact.XML,
	canary.Log: redact.Text, canary.Access: redact.Text, canary.Thread: redact.Text,
}

// stamped is a text as a log writes it.
func stamped(s canary.Site) string {
	switch s.Channel {
	case canary.Log:
		return "2026-11-28 10:00:00,123 INFO [main] [c.e.App] " + strings.ReplaceAll(s.Text, "\n", "\n2026-11-28 10:00:00,124 INFO [main] [c.e.App] ") + "\n"
	case canary.Thread:
		return `"` + s.Text + `" #31 daemon prio=5 os_prio=0 cpu=1.23ms elapsed=45.67s tid=0x00007f0000aaab10 nid=0x2f waiting on condition` + "\n"
	}
	return s.Text
}

// TestSites holds that no secret is left at any site, nor a piece of one.
func TestSites(t *testing.T) {
	sites := canary.Sites(1)
	left := 0
	for _, s := range sites {
		var out bytes.Buffer
		w := redact.New(nil).Writer(&out, channelKinds[s.Channel])
		_, _ = w.Write([]byte(stamped(s)))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, piece := range s.Pieces() {
			if strings.Contains(out.String(), piece) {
				left++
				t.Errorf("%s %q: %q is left in %q", s.Channel, s.Form, piece, out.String())
				break
			}
		}
	}
	t.Logf("%d sites, %d left", len(sites), left)
}
