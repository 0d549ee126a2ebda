package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"

	"casefile/analyze"
	"casefile/analyze/report"
	"casefile/analyze/rules"
	"casefile/bundle/redact"
)

// TestScrubbedPageStillRuns: the rules for secrets pass over the report too, and must take nothing in the page's own
// style and script for one: a browser refuses them when they are not what the page's policy names.
func TestScrubbedPageStillRuns(t *testing.T) {
	var page bytes.Buffer
	meta := report.Meta{Tool: "casefile", Rules: rules.All()}
	if err := report.HTML(&page, &analyze.Case{}, &analyze.Result{}, meta); err != nil {
		t.Fatal(err)
	}
	out, err := redact.New(redact.NewSecrets()).Bytes(redact.Text, page.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	policy := regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`).FindAll(out, -1)
	blocks := regexp.MustCompile(`(?s)<(?:style|script)>(.*?)</(?:style|script)>`).FindAllSubmatch(out, -1)
	if len(policy) != 2 || len(blocks) != 2 {
		t.Fatalf("the page names %d blocks and has %d", len(policy), len(blocks))
	}
	for i, b := range blocks {
		sum := sha256.Sum256(b[1])
		if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); string(policy[i]) != want {
			t.Errorf("block %d is %s after scrubbing, the policy names %s", i, want, policy[i])
		}
	}
}
