package rules

import (
	"slices"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/signatures"
)

// Every signature brings lines that it must know, and lines that it must not.
func TestSignatureLines(t *testing.T) {
	all, err := signatures.All()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range all {
		if seen[s.ID] {
			t.Errorf("%s is there twice", s.ID)
		}
		seen[s.ID] = true
		for _, k := range []struct {
			what         string
			marks, lines []string
			match        func(string) bool
		}{{"frame", s.Frames, s.Test.Frames, s.MatchFrame}, {"thread", s.Threads, s.Test.Threads, s.MatchThread}, {"log line", s.Log, s.Test.Log, inLog(s)}} {
			if len(k.marks) > 0 && len(k.lines) == 0 {
				t.Errorf("%s has no test of its %ss", s.ID, k.what)
			}
			for _, line := range k.lines {
				if !k.match(line) {
					t.Errorf("%s does not know the %s %s", s.ID, k.what, line)
				}
			}
		}
		if len(s.Test.Not) == 0 {
			t.Errorf("%s has no line that it must not know", s.ID)
		}
		for _, line := range s.Test.Not {
			if s.MatchFrame(line) || s.MatchThread(line) || inLog(s)(line) {
				t.Errorf("%s takes this for its own: %s", s.ID, line)
			}
		}
		for _, a := range s.Todo() {
			if a.Action == "" || a.Effect == "" {
				t.Errorf("%s gives an advice without action or effect", s.ID)
			}
		}
	}
	if len(all) < 10 {
		t.Errorf("%d signatures", len(all))
	}
}

// Waits of signatures are names of kinds of waits: a typing error would make one silent.
func TestSignatureWaits(t *testing.T) {
	all, err := signatures.All()
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"running", "socket read", "socket write", "connect", "http connection", "database connection", "disk", "lock", "queue", "sleep", "child process", "another thread's result", "condition"}
	for _, s := range all {
		for _, w := range s.Waits {
			if !slices.Contains(known, w) {
				t.Errorf("%s wants the wait %q", s.ID, w)
			}
		}
	}
}

func TestAppSignature(t *testing.T) {
	compare := "org.eclipse.compare.internal.LCS.longestCommonSubsequence(LCS.java:100)\norg.outerj.daisy.diff.html.HTMLDiffer.diff(HTMLDiffer.java:31)" + served
	workbox := socketRead + "com.atlassian.mywork.client.service.ServiceImpl.getCount(ServiceImpl.java:40)" + served
	with := func(n int, state, stack string, cpu time.Duration) string {
		return scene(4, every, func(i int, s *stage) {
			s.system()
			for k := 1; k <= n; k++ {
				s.thread(workers(k)[0], state, time.Duration(i)*cpu, stack)
			}
			s.idle("http-nio-8090", n+1, 20)
		})
	}
	for _, c := range []struct {
		name, text, title string
	}{
		{"comparison", with(4, "RUNNABLE", compare, time.Second), "4 of 20 http-nio-8090 threads are in the comparison of page versions, in LCS.longestCommonSubsequence below HTMLDiffer.diff"},
		{"workbox", with(6, "RUNNABLE", workbox, time.Millisecond), "6 of 20 http-nio-8090 threads are in Workbox's count of notifications, waiting for a linked application, in ServiceImpl.getCount below PageAction.execute"},
		{"workbox, one", with(1, "RUNNABLE", workbox, time.Millisecond), ""},
		{"idle", with(0, "", "", 0), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := run(t, caseOf(parseText(t, "threads/dumps.txt", c.text)))
			f := find(res, "app-signature")
			switch {
			case c.title == "" && f != nil:
				t.Error(show(res.Findings))
			case c.title != "" && (f == nil || f.Title != c.title || f.Severity != analyze.Warning):
				t.Errorf("want %s\n%s", c.title, show(res.Findings))
			case f != nil:
				complete(t, *f)
			}
		})
	}
}

func inLog(s *signatures.Signature) func(string) bool {
	return func(line string) bool { return s.MatchLog([]byte(line)) }
}
