package collectors

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// fixed is an error that knows what to do.
type fixed struct{}

func (fixed) Error() string { return "open /a\x1b[2J\nb: closed" }
func (fixed) Fix() string   { return "open it" }

// The ledger tells each of several reasons, the fix that one knows, and shows no name
// that a process chose as a terminal would obey it.
func TestLostErr(t *testing.T) {
	c := (&Session{}).scope("jvm", Job{Target: "1-x"})
	c.LostErr("log", errors.Join(fmt.Errorf("copy: %w", fixed{}), errors.New("another")))
	got := c.item("log")
	if want := []string{"copy: open /a?[2J; b: closed", "another"}; !slices.Equal(got.reasons, want) || got.fix != "open it" || got.lost != 2 {
		t.Errorf("%q, %q, %d lost", got.reasons, got.fix, got.lost)
	}
}
