package live_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

func TestStartFails(t *testing.T) {
	jdk := livetest.Newest(t)
	old := jdk
	old.Major = 8
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx      context.Context
		jdk      live.JDK
		scenario string
		opts     live.Options
		is       error
		text     string
	}{
		"unknown scenario":  {scenario: "no-such", text: `no scenario "no-such"`},
		"too old":           {jdk: old, scenario: "virtual-pinned", is: live.ErrTooOld},
		"bad JVM argument":  {scenario: "threads", opts: live.Options{JVM: []string{"-XX:+NoSuchFlagAtAll"}}, text: "NoSuchFlagAtAll"},
		"bad argument":      {scenario: "threads", opts: live.Options{Args: []string{"many"}}, text: "NumberFormatException"},
		"start given up":    {ctx: ended, scenario: "threads", is: context.Canceled},
		"deadline":          {scenario: "counted-loop", opts: live.Options{ReadyWithin: time.Nanosecond}, is: context.DeadlineExceeded},
		"folder is missing": {scenario: "threads", opts: live.Options{Dir: "/no/such/folder"}, is: os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			if c.jdk.Home == "" {
				c.jdk = jdk
			}
			p, err := live.Start(c.ctx, c.jdk, c.scenario, c.opts)
			switch {
			case err == nil:
				p.Stop()
				t.Fatal("started")
			case c.is != nil && !errors.Is(err, c.is):
				t.Errorf("error %v, want %v", err, c.is)
			case !strings.Contains(err.Error(), c.text):
				t.Errorf("error %v does not say %s", err, c.text)
			}
		})
	}
}

func TestEndsWithItsInput(t *testing.T) {
	p := livetest.Start(t, livetest.Newest(t), "deadlock-locks", live.Options{})
	p.CloseInput()
	<-p.Gone()
	if err := p.Tell("anyone there?"); err == nil {
		t.Error("an ended process took a line")
	}
	if _, err := p.Line(t.Context(), "more"); err == nil || !strings.Contains(err.Error(), "process ended") {
		t.Errorf("waiting for a line: %v", err)
	}
	p.Stop()
	mustBeGone(t, p)
}

// The folder of the caller is used and stays; the GC log of a healthy service is in it.
func TestOwnFolder(t *testing.T) {
	dir := t.TempDir()
	p := livetest.Start(t, livetest.Newest(t), "healthy", live.Options{Dir: dir})
	p.Stop()
	if _, err := os.Stat(filepath.Join(dir, "gc.log")); err != nil {
		t.Error(err)
	}
}

// The jar lands in the given cache once per major version.
func TestCacheOfClasses(t *testing.T) {
	jdk := livetest.Newest(t)
	cache := t.TempDir()
	for range 2 {
		livetest.Start(t, jdk, "threads", live.Options{Args: []string{"1"}, Cache: cache}).Stop()
	}
	files, err := os.ReadDir(cache)
	if err != nil || len(files) != 1 || !strings.HasSuffix(files[0].Name(), fmt.Sprintf("-java%d.jar", jdk.Major)) {
		t.Errorf("cache holds %v, %v", files, err)
	}
}
