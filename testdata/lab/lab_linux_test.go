package lab

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	"casefile/cmd/samples/live"
)

// lab is what a run of it needs.
type lab struct {
	binary string // the casefile to try
	only   *regexp.Regexp
	parts  parts
	jdbc   string // "" there is no PostgreSQL
	words  words
	keep   string // folder to keep the captures in; "" none are kept
}

// TestLab runs every fault next to its healthy twin. CASEFILE_LAB is the casefile to try; CASEFILE_LAB_ONLY a pattern of names,
// CASEFILE_LAB_JDK the one JDK to use, CASEFILE_LAB_KEEP a folder for the captures, which TestKept judges again.
func TestLab(t *testing.T) {
	l := &lab{binary: os.Getenv("CASEFILE_LAB"), only: regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY")), keep: os.Getenv("CASEFILE_LAB_KEEP"),
		words: newWords()}
	if l.binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	ctx := t.Context()
	m := &matrix{words: l.words}
	defer m.report(t) // also of what was seen before a program failed
	first := true
	for _, jdk := range live.JDKs(ctx) {
		if one := os.Getenv("CASEFILE_LAB_JDK"); jdk.Major < 17 || one != "" && one != fmt.Sprint(jdk.Major) {
			continue
		}
		for _, batch := range batches(l.only, jdk.Major) {
			if l.parts.goshop == "" {
				l.parts, l.jdbc = build(ctx, t, l.words), postgres(ctx, t)
			}
			l.try(ctx, t, m, jdk, slices.DeleteFunc(batch, func(f Fault) bool {
				return f.Database && l.jdbc == "" || f.Server == goServer && !first // which runs on no JDK
			}))
		}
		first = false
	}
}

// try runs faults and their twins together, captures all of them at once, and judges what is said.
func (l *lab) try(ctx context.Context, t *testing.T, m *matrix, jdk live.JDK, batch []Fault) {
	var running []*program
	for _, f := range batch {
		for _, sick := range []bool{true, false} {
			if f.Finds != "" || !sick {
				running = append(running, l.start(ctx, t, jdk, f, sick))
			}
		}
	}
	if len(running) == 0 {
		return
	}
	path := l.capture(ctx, t, running)
	var list []seen
	for _, p := range running {
		list = append(list, p.seen(jdk))
		p.stop()
	}
	l.note(t, path, list)
	found := analyze(ctx, t, l.binary, path)
	for _, s := range list {
		m.add(t, s, found)
	}
}

// batches are faults that are captured together: up to five with their twins, or one that takes the CPU.
func batches(only *regexp.Regexp, major int) (out [][]Fault) {
	var together []Fault
	for _, f := range slices.Concat(Faults, Kinds, Go) {
		switch {
		case !only.MatchString(f.Name+"/"+f.Server) || major < f.MinMajor:
		case f.Alone:
			out = append(out, []Fault{f})
		default:
			together = append(together, f)
		}
	}
	return append(slices.Collect(slices.Chunk(together, 5)), out...)
}
