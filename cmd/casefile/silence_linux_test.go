package main

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An agent on stdin to which nobody speaks ends by itself; one that was spoken to does not.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, _ := awaiting(t.Context(), strings.NewReader("never read"), firstWord)
		spoken, in := awaiting(t.Context(), strings.NewReader("x"), firstWord)
		if _, err := io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * firstWord) // of the test's own clock
		if silent.Err() == nil {
			t.Error("waits on, though nobody spoke")
		}
		if spoken.Err() != nil {
			t.Error("ended while it was spoken to")
		}
	})
}
