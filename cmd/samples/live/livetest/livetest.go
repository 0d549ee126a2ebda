// Package livetest wraps live for tests and benchmarks.
package livetest

import (
	"fmt"
	"testing"

	"casefile/cmd/samples/live"
)

// Each runs f once per JDK of this machine as a subtest; without a JDK, and with
// -short, the test is skipped.
func Each(t *testing.T, f func(t *testing.T, jdk live.JDK)) {
	t.Helper()
	for _, jdk := range jdks(t) {
		t.Run(fmt.Sprintf("java%d", jdk.Major), func(t *testing.T) { f(t, jdk) })
	}
}

// Newest returns the newest JDK of this machine.
func Newest(tb testing.TB) live.JDK {
	tb.Helper()
	list := jdks(tb)
	return list[len(list)-1]
}

func jdks(tb testing.TB) []live.JDK {
	tb.Helper()
	if testing.Short() {
		tb.Skip("starts JVMs")
	}
	list := live.JDKs(tb.Context())
	if len(list) == 0 {
		tb.Skip("no JDK on this machine")
	}
	return list
}

// Start starts a scenario that ends with the test. A scenario that this JDK is
// too old for skips it.
func Start(tb testing.TB, jdk live.JDK, scenario string, opts live.Options) *live.Process {
	tb.Helper()
	if s, err := live.ByName(scenario); err == nil && jdk.Major < s.MinMajor {
		tb.Skipf("%s needs Java %d", scenario, s.MinMajor)
	}
	p, err := live.Start(tb.Context(), jdk, scenario, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Stop)
	return p
}

// Compile compiles one source file for jdk and returns the class path.
func Compile(tb testing.TB, jdk live.JDK, source string) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := live.Compile(tb.Context(), jdk, source, dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Tool returns the path of a tool of this JDK; a JRE that lacks it skips the test.
func Tool(tb testing.TB, jdk live.JDK, name string) string {
	tb.Helper()
	path, ok := jdk.Has(name)
	if !ok {
		tb.Skipf("%s has no %s", jdk.Home, name)
	}
	return path
}
