package rules

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"casefile/analyze"
	"casefile/analyze/threads"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// planted are the sample programs, with what the rules must put first; an empty id: nothing at warning or above.
var planted = []struct {
	scenario, id string
	// names must be in the title of the first finding.
	names []string
	apart time.Duration // between the dumps; 0 for a second
	// framesFrom is the first JDK whose dumps show where it happens; before it only the first name is asked for.
	framesFrom int
	args       []string
	from       int // first JDK that has it
}{
	{scenario: "healthy"},
	{scenario: "deadlock-monitors", id: "deadlock", names: []string{"2 threads", "Account.credit"}},
	{scenario: "deadlock-locks", id: "deadlock", names: []string{"2 threads", "Warehouse.moveTo", "ReentrantLock"}},
	{scenario: "lock-contention", id: "lock-contention", names: []string{"InventoryCache held by cache-refresher-1 in InventoryCache.refresh"}},
	{scenario: "hot-thread", id: "hot-thread", names: []string{"price-recompute-1", "PriceEngine.recompute"}},
	{scenario: "stuck-thread", id: "stuck-thread", names: []string{"http-nio-8080-exec-", "PaymentClient.authorize"}, apart: 4 * time.Second},
	{scenario: "thread-leak", id: "thread-leak", names: []string{"report-worker-N"}},
	{scenario: "pool-exhausted", id: "unexplained-wait", names: []string{"All 20 http-nio-8090 threads sleep", "ReportRenderer.render"}},
	{scenario: "db-pool-exhausted", id: "db-pool-exhausted", names: []string{"of 25 http-nio-8080 threads", "HikariCP", "OrderRepository.findOpenOrders"}},
	{scenario: "db-pool-exhausted", args: []string{"virtual"}, from: 21, id: "db-pool-exhausted", names: []string{"of 25 tomcat-handler threads", "HikariCP", "OrderRepository.findOpenOrders"}},
	{scenario: "slow-downstream", id: "slow-downstream", names: []string{"of 40 http-nio-8080 threads", "RecommendationClient.fetch"}},
	{scenario: "finalizer", id: "finalizer-backlog", names: []string{"LegacyImage.finalize"}},
	{scenario: "class-loading", id: "class-loading-lock", names: []string{"PluginClassLoader"}},
	{scenario: "logging-lock", id: "logging-lock", names: []string{"AuditHandler"}},
	{scenario: "virtual-pinned", id: "pinned-virtual-threads", names: []string{"carriers of virtual threads are pinned", "SlowStart"}, framesFrom: 24},
}

func TestLive(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		for _, p := range planted {
			t.Run(strings.Join(append([]string{p.scenario}, p.args...), "-"), func(t *testing.T) {
				if jdk.Major < p.from {
					t.Skipf("needs Java %d", p.from)
				}
				if p.scenario != "hot-thread" && p.scenario != "healthy" { // these are about CPU, and get it for themselves
					t.Parallel()
				}
				process := livetest.Start(t, jdk, p.scenario, live.Options{Args: p.args})
				if jdk.Major < p.framesFrom {
					p.names = p.names[:1]
				}
				problem := ""
				// A machine that is busy with something else may starve the sample for some seconds.
				for range 3 {
					res := run(t, record(t, process, max(p.apart, time.Second)))
					if problem = judgeLive(res, p.id, p.names); problem == "" {
						return
					}
					t.Logf("%s\n%s", problem, show(res.Findings))
				}
				t.Error(problem)
			})
		}
	})
}

// judgeLive says what is wrong with the findings; nothing when the planted problem comes first.
func judgeLive(res *analyze.Result, id string, names []string) string {
	if id == "" {
		if res.Worst().AtLeast(analyze.Warning) {
			return fmt.Sprintf("findings about a healthy program: %v", listed(res.Findings))
		}
		return ""
	}
	if len(res.Findings) == 0 || res.Findings[0].ID != id || !res.Findings[0].Severity.AtLeast(analyze.Warning) {
		return fmt.Sprintf("got %v, want %s first", listed(res.Findings), id)
	}
	for _, n := range names {
		if !strings.Contains(res.Findings[0].Title, n) {
			return fmt.Sprintf("the title lacks %q: %s", n, res.Findings[0].Title)
		}
	}
	return ""
}

// record takes four dumps by the JVM's own tool.
func record(t *testing.T, p *live.Process, apart time.Duration) *analyze.Case {
	t.Helper()
	tool, ok := p.JDK.Has("jcmd")
	if !ok {
		t.Skip("no jcmd in " + p.JDK.Home)
	}
	var all []*threads.Dump
	var cpu []threads.CPUSample
	tick := time.NewTicker(apart)
	defer tick.Stop()
	for i := range 4 {
		out, err := exec.CommandContext(t.Context(), tool, strconv.Itoa(p.PID), "Thread.print").CombinedOutput()
		if err != nil {
			t.Fatalf("jcmd: %v\n%s", err, out)
		}
		all = append(all, parseText(t, fmt.Sprintf("dump-%d.txt", i), string(out))...)
		if strings.Contains(string(out), `"VirtualThread-un`) {
			list := filepath.Join(t.TempDir(), "virtual.txt")
			if out, err := exec.CommandContext(t.Context(), tool, strconv.Itoa(p.PID), "Thread.dump_to_file", list).CombinedOutput(); err != nil {
				t.Fatalf("jcmd: %v\n%s", err, out)
			}
			text, err := os.ReadFile(list)
			if err != nil {
				t.Fatal(err)
			}
			all[len(all)-1].AddVirtual(parseText(t, fmt.Sprintf("dump-%d-virtual.txt", i), string(text))[0])
		}
		cpu = append(cpu, schedule(p.PID))
		if i == 3 {
			break
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
	return seriesCase(threads.NewSeries(all, cpu))
}

// schedule reads what the kernel counts of each thread: its CPU, and how long it waited for one. Empty where there is no /proc.
func schedule(pid int) threads.CPUSample {
	sample := threads.CPUSample{Time: time.Now(), Threads: map[int64]threads.ThreadCPU{}}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, f := range files {
		var c threads.ThreadCPU
		text, err := os.ReadFile(f)
		if _, bad := fmt.Sscan(string(text), &c.CPU, &c.RunDelay, &c.Switches); err != nil || bad != nil {
			continue // the thread has ended
		}
		if nid, err := strconv.ParseInt(filepath.Base(filepath.Dir(f)), 10, 64); err == nil {
			sample.Threads[nid] = c
		}
	}
	return sample
}
