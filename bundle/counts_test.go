package bundle

import (
	"fmt"
	"strings"
	"testing"

	"casefile/bundle/redact"
)

// However much was scrubbed, the manifest that says so is read again: its own names of rules are those of secrets.
func TestManifestSurvivesItsOwnRules(t *testing.T) {
	for _, format := range formats {
		w := create(t, format)
		var text strings.Builder
		for i := range 2_000 {
			fmt.Fprintf(&text, "password=w%dords-%d\nAuthorization: Bearer %040x\n", i, i, i*7919)
		}
		if err := w.Add(Entry{Path: "nodes/n/log.txt"}, redact.Text, []byte(text.String())); err != nil {
			t.Fatal(err)
		}
		written := finish(t, w)
		r, err := Open(t.Context(), w.Path())
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		got := r.Manifest.Redaction
		if got == nil || got.Rules["password"] < 1_500 || got.Rules["password"] != written.Redaction.Rules["password"] || got.Total != written.Redaction.Total {
			t.Errorf("%s: wrote %+v, read %+v", format, written.Redaction, got)
		}
	}
}

func TestRulesOfOlderBundles(t *testing.T) {
	var c RuleCounts
	if err := c.UnmarshalJSON([]byte(` {"password": 3, "token": 1}`)); err != nil || c["password"] != 3 || c["token"] != 1 {
		t.Errorf("%v, %v", c, err)
	}
}
