package fleet

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/redact"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

// simulated is how many agents there are; CASEFILE_BENCH_AGENTS changes it, for a machine that cannot be so many servers too, or has no
// 20 GB for what they send.
func simulated(b *testing.B) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("CASEFILE_BENCH_AGENTS"), "1000"))
	if err != nil {
		b.Fatal(err)
	}
	return n
}

const (
	bytesEach   = 5 << 20
	joinerLimit = 300 << 20
)

// BenchmarkJoin streams 5 MB from each of many agents into one bundle. The agents are
// simulated: they speak the API and send bundles that were made before, all at once.
// The joiner is a process of its own, so that its memory is measured and not theirs;
// its time stands beside that of a plain copy of the same bytes.
func BenchmarkJoin(b *testing.B) {
	var names []string
	for i := range simulated(b) {
		names = append(names, fmt.Sprintf("n%d", i+1))
	}
	c := newCluster(b, names...)
	dir := b.TempDir()
	for _, n := range names {
		c.simulate(n, prepared(b, dir, n))
	}
	var took, cpu, agents, copied, copiedTLS time.Duration
	var rss, size int64
	for b.Loop() {
		r := c.joinApart(b)
		took, cpu, agents, rss, size = took+r.took, cpu+r.cpu, agents+r.agents, max(rss, r.rss), r.size
		copied += plainCopy(b, r.path)
		copiedTLS += c.copyTLS(b, r.path, len(names))
		os.Remove(r.path)
	}
	b.SetBytes(size)
	b.ReportMetric(float64(len(names)), "agents")
	b.ReportMetric(float64(rss)/(1<<20), "joiner-MB")
	b.ReportMetric(float64(size)/(1<<20), "bundle-MB")
	b.ReportMetric(took.Seconds()/float64(b.N), "capture-s")
	b.ReportMetric(cpu.Seconds()/float64(b.N), "joiner-cpu-s")
	b.ReportMetric(agents.Seconds()/float64(b.N), "agents-cpu-s")
	b.ReportMetric(copied.Seconds()/float64(b.N), "plain-copy-s")
	b.ReportMetric(copiedTLS.Seconds()/float64(b.N), "tls-copy-s")
	if rss > joinerLimit {
		b.Errorf("the joiner used %d MB, more than %d", rss>>20, joinerLimit>>20)
	}
}

// prepared makes the bundle of a node, of bytes that cannot be compressed.
func prepared(b testing.TB, dir, name string) string {
	b.Helper()
	path := filepath.Join(dir, name+".tar.zst")
	w, err := bundle.Create(path, bundle.TarZstd, bundle.Manifest{Cluster: "wiki", Nodes: []bundle.Node{{Name: name}}}, redact.NewSecrets())
	if err != nil {
		b.Fatal(err)
	}
	w.ForJoin()
	rnd := rand.NewChaCha8(sha256.Sum256([]byte(name))) // no node's bytes are those of another
	for i := range 5 {
		part := make([]byte, bytesEach/5)
		rnd.Read(part)
		if err := w.Add(bundle.Entry{Path: fmt.Sprintf("nodes/%s/jvm/4711-wiki/jfr/%d.bin", name, i), Node: name}, redact.Binary, part); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// simulate serves a bundle as the agent of a node would.
func (c *cluster) simulate(name, path string) {
	c.simulateAs(name, path, func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer f.Close()
		from, _ := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
		if _, err := f.Seek(from, io.SeekStart); err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Trailer", "Casefile-Stream")
		w.Header().Set("Casefile-Generation", "1")
		if _, err := io.Copy(w, f); err == nil {
			w.Header().Set("Casefile-Stream", "end")
		}
	})
}

// simulateAs serves a bundle by a handler of its own.
func (c *cluster) simulateAs(name, path string, bundle http.HandlerFunc) {
	reply := func(w http.ResponseWriter, v any) { json.NewEncoder(w).Encode(v) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/hello", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, agent.Hello{Name: name, Protocol: agent.Protocol, StreamHTTP1: true})
	})
	mux.HandleFunc("POST /v1/time", func(w http.ResponseWriter, _ *http.Request) {
		now := time.Now().UnixNano()
		fmt.Fprintf(w, `{"t2":%d,"t3":%d}`, now, now)
	})
	mux.HandleFunc("POST /v1/meeting", func(w http.ResponseWriter, _ *http.Request) { reply(w, agent.Place{}) })
	mux.HandleFunc("POST /v1/captures", func(w http.ResponseWriter, _ *http.Request) { reply(w, agent.Status{}) })
	mux.HandleFunc("GET /v1/captures/{id}", func(w http.ResponseWriter, _ *http.Request) { reply(w, agent.Status{State: agent.Done}) })
	mux.HandleFunc("GET /v1/captures/{id}/events", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, agent.Line{End: &agent.Status{State: agent.Done}})
	})
	mux.HandleFunc("DELETE /v1/captures/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /v1/captures/{id}/bundle", bundle)
	c.serve(&agent.Node{Name: name, SpoolDir: filepath.Join(filepath.Dir(path), name)}, c.load(identity.NodeFile(name)), func(http.Handler) http.Handler { return mux })
}

type joined struct {
	path              string
	took, cpu, agents time.Duration // agents: CPU of the process that simulates them
	rss, size         int64
}

// joinApart runs the capture in a process of its own: this test, as TestJoiner.
func (c *cluster) joinApart(b *testing.B) joined {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	j := joined{path: filepath.Join(b.TempDir(), "x.tar.zst")}
	var list []string
	for _, n := range c.nodes {
		list = append(list, n.Name+"="+n.Address.Host)
	}
	cmd := exec.Command(self, "-test.run", "^TestJoiner$")
	if profile := os.Getenv("CASEFILE_BENCH_PROFILE"); profile != "" {
		cmd.Args = append(cmd.Args, "-test.cpuprofile", profile, "-test.memprofile", profile+".mem", "-test.memprofilerate", "4096")
	}
	cmd.Env = append(os.Environ(), "CASEFILE_BENCH_JOINER="+c.dir, "CASEFILE_BENCH_OUT="+j.path, "CASEFILE_BENCH_NODES="+strings.Join(list, ","))
	began, before := time.Now(), ownCPU()
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
	j.agents = ownCPU() - before
	j.took, j.cpu = time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	j.rss = maxRSS(cmd.ProcessState)
	if st, err := os.Stat(j.path); err == nil {
		j.size = st.Size()
	}
	return j
}

// TestJoiner is the process that BenchmarkJoin measures.
func TestJoiner(t *testing.T) {
	dir := os.Getenv("CASEFILE_BENCH_JOINER")
	if dir == "" {
		t.Skip("started by BenchmarkJoin")
	}
	c := &cluster{t: t, dir: dir}
	c.admin = c.load("admin.pem")
	for pair := range strings.SplitSeq(os.Getenv("CASEFILE_BENCH_NODES"), ",") {
		name, addr, _ := strings.Cut(pair, "=")
		c.add(name, addr)
	}
	defer budget.Frugal()() // as casefile collect does
	p := shortPlan()
	w, err := bundle.Create(os.Getenv("CASEFILE_BENCH_OUT"), bundle.TarZstd, bundle.Manifest{Cluster: "wiki", Plan: p}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	busy := defaultTimes // all agents are on this machine, which has other work too: none is left out for that
	busy.agent, busy.leave = patient.agent, patient.leave
	if err := Run(t.Context(), w, Options{Plan: p, Nodes: c.nodes, Identity: c.admin, MaxNodeBytes: 1 << 30, times: &busy}); err != nil {
		t.Fatal(err)
	}
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range m.Gaps() {
		if i < 5 {
			t.Errorf("gap: %+v", g)
		}
	}
}

// plainCopy copies the bundle's bytes from one file to another.
func plainCopy(b *testing.B, path string) time.Duration {
	b.Helper()
	began := time.Now()
	in, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(path + ".copy")
	if err != nil {
		b.Fatal(err)
	}
	defer os.Remove(out.Name())
	if _, err := io.Copy(struct{ io.Writer }{out}, struct{ io.Reader }{in}); err != nil { // no copy_file_range
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// copyTLS sends the bundle's bytes over so many connections of TLS, one after the other, into a file: what any way to get
// them from that many nodes costs at least.
func (c *cluster) copyTLS(b *testing.B, path string, conns int) time.Duration {
	b.Helper()
	name := c.nodes[0].Name
	server, err := c.load(identity.NodeFile(name)).ServerTLS()
	if err != nil {
		b.Fatal(err)
	}
	client, err := c.load("admin.pem").ClientTLS(name)
	if err != nil {
		b.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		b.Fatal(err)
	}
	ln := tls.NewListener(c.listen(), server)
	defer ln.Close()
	each := st.Size()/int64(conns) + 1
	var sending sync.WaitGroup
	sending.Go(func() {
		for range conns {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyBuffer(struct{ io.Writer }{conn}, io.LimitReader(in, each), make([]byte, 64<<10)) // a short file shows it
			conn.Close()
		}
	})
	began := time.Now()
	out, err := os.Create(path + ".copy")
	if err != nil {
		b.Fatal(err)
	}
	defer os.Remove(out.Name())
	var n int64
	buf := make([]byte, 64<<10)
	for range conns {
		conn, err := tls.Dial("tcp", ln.Addr().String(), client)
		if err != nil {
			b.Fatal(err)
		}
		more, err := io.CopyBuffer(struct{ io.Writer }{out}, conn, buf)
		if n += more; err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
	if err := out.Close(); err != nil || n != st.Size() {
		b.Fatalf("%d of %d bytes, %v", n, st.Size(), err)
	}
	took := time.Since(began)
	sending.Wait()
	return took
}

// ownCPU is what this process has used, in user and system mode.
func ownCPU() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // of itself it cannot fail
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// maxRSS is the peak of a process that has ended, in bytes.
func maxRSS(s *os.ProcessState) int64 {
	return s.SysUsage().(*syscall.Rusage).Maxrss << 10
}
