package redact

import (
	"bytes"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	if len(ruleNames) != len(rules) {
		t.Fatalf("%d names for %d rules", len(ruleNames), len(rules))
	}
	for i, r := range rules {
		if ruleNames[i] != r.Name || r.Doc == "" {
			t.Errorf("rule %d: name %q, %q in the list, doc %q", i, r.Name, ruleNames[i], r.Doc)
		}
		if r.Example == "" {
			continue
		}
		var out bytes.Buffer
		w := New(nil).Writer(&out, Text)
		_, _ = w.Write([]byte(r.Example))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), markerStart) {
			t.Errorf("%s: example is not scrubbed: %s", r.Name, out.String())
		}
		if markerLen([]byte(marker(r.Name))) != len(marker(r.Name)) {
			t.Errorf("%s: its marker is not recognised", r.Name)
		}
	}
}
