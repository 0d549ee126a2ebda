package main

import (
	"bytes"
	"strings"
	"testing"
)

// Whoever types casefile and nothing else learns what to type.
func TestFirstMinute(t *testing.T) {
	var out bytes.Buffer
	if !firstMinute(t.Context(), &ui{out: &out}) || !strings.Contains(out.String(), "casefile collect\n") || !strings.Contains(out.String(), "casefile --help") {
		t.Errorf("%s", out.String())
	}
}
