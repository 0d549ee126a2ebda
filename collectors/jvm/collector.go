package jvm

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/collectors"
	"casefile/collectors/access"
	"casefile/collectors/jvm/calls"
	"casefile/collectors/rights"
)

// New returns the collector of all HotSpot JVMs of this node.
func New() collectors.Collector { return collector{} }

type collector struct{}

func (collector) Name() string { return entries.CollectorJVM }

// Prepare finds the JVMs that the plan chooses and learns the secrets in their
// command lines, environments and configuration files.
func (collector) Prepare(ctx context.Context, s *collectors.Session) ([]collectors.Job, error) {
	found, err := find(ctx, s)
	var jobs []collectors.Job
	bound, tables := newReplies(s.Plan.MaxReply), calls.NewTables()
	for _, j := range found {
		if !s.Plan.WantsProcess(j.PID, j.Product.Name) {
			continue
		}
		j.vm.replies = bound
		j.learnSecrets(s.Secrets)
		jobs = append(jobs, collectors.Job{Target: j.Target(), PID: j.PID, Title: j.Title(), Items: j.items(s), Run: func(ctx context.Context, sc *collectors.Scope) {
			j.capture(ctx, sc, tables)
		}})
	}
	return jobs, err
}

// find looks for the JVMs of the plan and gives them the trust that it has in users.
func find(ctx context.Context, s *collectors.Session) (found []*JVM, err error) {
	trusted, err := access.Users(s.Plan.TrustOwners)
	if err != nil {
		return nil, err
	}
	if pids := s.Plan.PIDs; len(pids) > 0 {
		found, err = inspectAll(ctx, s.Roots.Proc, pids)
	} else {
		found, err = Find(ctx, s.Roots.Proc)
	}
	for _, j := range found {
		if len(s.Plan.PIDs)+len(s.Plan.Apps) > 0 && s.Plan.WantsProcess(j.PID, j.Product.Name) {
			j.Tree.Trust(trusted)
		}
	}
	return found, err
}

// maxConfig bounds one configuration file, maxConfigs those of one JVM: all of them are
// searched for secrets before the capture.
const (
	maxConfig  = 4 << 20
	maxConfigs = 32 << 20
)

func (j *JVM) learnSecrets(known *redact.Secrets) {
	known.LearnText(redact.Environ, []byte(strings.Join(j.Args, "\x00")+"\x00")) // a value may have line breaks
	var env strings.Builder
	for k, v := range j.Env {
		fmt.Fprintf(&env, "%s=%s\x00", k, v)
	}
	known.LearnText(redact.Environ, []byte(env.String()))
	files, _ := j.configFiles() // what is missing is told when it is copied
	for _, f := range files {
		if b, err := j.Tree.ReadFile(f.Path, maxConfig); err == nil {
			known.LearnText(bundle.KindOf(f.Path), b)
		}
	}
}

// items tells what will be captured and what that costs, for --dry-run.
func (j *JVM) items(s *collectors.Session) []collectors.Item {
	if s.Plan.ProfilesOnly() {
		return []collectors.Item{profileItem(s.Plan)}
	}
	items := []collectors.Item{
		{Name: fmt.Sprintf("%d thread dumps with CPU of each thread", s.Plan.Dumps), Cost: "a pause of about 3 ms per 100 threads each",
			Bytes: int64(s.Plan.Dumps*j.Threads) * threadBytes},
		{Name: "the system call of each thread with its connection or file, at each dump and ten times a second", Cost: "none for the JVM, about 0.5 % of a CPU: read from /proc"},
		{Name: "counters (hsperfdata) and process figures, every " + fmt.Sprint(durationOf(s.Plan.SampleEvery)), Cost: "none: read from memory the JVM shares",
			Bytes: seriesBytes * int64(durationOf(s.Plan.Duration)/max(durationOf(s.Plan.SampleEvery), time.Millisecond))},
		{Name: "GC log", Cost: "none; where the JVM writes none, one is switched on for the length of the capture"},
		{Name: "configuration and application logs", Cost: fmt.Sprintf("reads up to %d MB from disk", s.Plan.MaxLogBytes>>20),
			UpTo: s.Plan.MaxLogBytes},
	}
	if j.Major >= virtualFrom {
		items = append(items, collectors.Item{Name: "lists of virtual threads, where there are any", Cost: fmt.Sprintf("no pause, some %v of one thread in all", virtualBudget)})
	}
	for _, c := range commands {
		if !c.pauses || s.Plan.AllowPause {
			items = append(items, collectors.Item{Name: c.jcmd, Cost: c.cost})
		}
	}
	if s.Plan.Profiles != nil {
		items = append(items, profileItem(s.Plan))
	}
	return items
}

// What a thread of a dump takes with its stack, its row of CPU and its system call, and what a sample of counters and figures takes.
const (
	threadBytes = 3 << 10
	seriesBytes = 2 << 10

	recordingBytes = 200 << 10 // a second of a busy JVM, which compress to a third
	recordingMost  = 64 << 20
)

func profileItem(p plan.Plan) collectors.Item {
	if p.FocusOn(plan.Wall) {
		return collectors.Item{Name: "wall profile: a thread dump every second or less often", Cost: "a pause of about 3 ms per 100 threads each"}
	}
	return collectors.Item{Name: "JFR recording; one that runs already is used and left as it is",
		Cost:  "up to 1 % of CPU, and at its start about a second of one thread; thread dumps stand in where the JVM has no JFR",
		Bytes: recordingBytes * int64(durationOf(p.Duration)/time.Second), UpTo: recordingMost}
}

// environNames are variables whose values are kept; of all others only the
// name is. Their values are scrubbed like everything else.
var environNames = []string{"JAVA_*", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CATALINA_*", "JVM_*", "ATL_*", "LANG", "LC_ALL", "TZ", "LD_PRELOAD",
	"MALLOC_ARENA_MAX", "ES_*", "KAFKA_*", "SPRING_PROFILES_ACTIVE"}

func keepEnviron(env map[string]string) []byte {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(env)) {
		v := "(not kept)"
		if slices.ContainsFunc(environNames, func(p string) bool { ok, _ := path.Match(p, k); return ok }) {
			v = env[k]
		}
		fmt.Fprintf(&b, "%s=%s\n", k, v)
	}
	return []byte(b.String())
}

// mayAttach tells before anything is asked whether this user can.
func (j *JVM) mayAttach() error {
	if os.Geteuid() != j.UID && !rights.Own().MayBecome() {
		return fmt.Errorf("%w (%s)", ErrOtherUser, j.userName())
	}
	return nil
}
