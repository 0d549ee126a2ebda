package jvm_test

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/waits"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// waiting has 40 threads that wait for a connection of their own, in all the ways that the JDK has, and says which it is
// by the port of the local end. Others work on connections of theirs meanwhile.
const waiting = `
import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.util.concurrent.*;

public class Waiting {
	interface Work { void run() throws Exception; }
	static final int LONG = 600_000;
	static int ready;
	static final InetAddress LO = InetAddress.getLoopbackAddress();
	static ServerSocketChannel peers;
	static ServerSocket full;

	static void start(String name, Object ports, Work work) {
		Thread t = new Thread(() -> { try { work.run(); } catch (Exception e) { System.out.println("failed " + name + " " + e); } }, name);
		t.setDaemon(true);
		t.start();
		System.out.println("thread " + name + " " + ports);
	}

	static SocketChannel channel() throws IOException {
		SocketChannel c = SocketChannel.open(peers.getLocalAddress());
		keep.add(peers.accept());
		return c;
	}
	static final ConcurrentLinkedQueue<Object> keep = new ConcurrentLinkedQueue<>();

	static Socket plain(int timeout) throws IOException {
		Socket s = new Socket();
		s.connect(peers.getLocalAddress());
		keep.add(peers.accept());
		if (timeout > 0) s.setSoTimeout(timeout);
		return s;
	}

	static void fill(Socket s) throws IOException { for (byte[] b = new byte[1 << 16]; ; ) s.getOutputStream().write(b); }

	static void connect(String name, int timeout) throws IOException {
		Socket s = new Socket();
		s.bind(new InetSocketAddress(LO, 0));
		start(name, s.getLocalPort(), () -> s.connect(full.getLocalSocketAddress(), timeout));
	}

	static void echo(SocketChannel c) throws IOException {
		ByteBuffer b = ByteBuffer.allocate(1);
		while (c.read(b.clear()) > 0) { c.write(b.flip()); }
	}

	public static void main(String[] args) throws Exception {
		peers = ServerSocketChannel.open().bind(new InetSocketAddress(LO, 0), 200);
		full = new ServerSocket(0, 1, LO);
		for (int i = 0; i < 6; i++) { // fills its queue: a connect waits until it gives up
			SocketChannel c = SocketChannel.open();
			c.configureBlocking(false);
			c.connect(full.getLocalSocketAddress());
			keep.add(c);
		}
		for (int i = 0; i < 6; i++) {
			Socket read = plain(0), timed = plain(LONG), write = plain(0);
			start("read-" + i, read.getLocalPort(), () -> read.getInputStream().read());
			start("timed-read-" + i, timed.getLocalPort(), () -> timed.getInputStream().read());
			start("write-" + i, write.getLocalPort(), () -> fill(write));
			SocketChannel c = channel();
			start("channel-read-" + i, c.socket().getLocalPort(), () -> c.read(ByteBuffer.allocate(1)));
		}
		for (int i = 0; i < 4; i++) {
			SocketChannel timed = channel(), write = channel();
			timed.socket().setSoTimeout(LONG);
			start("channel-timed-read-" + i, timed.socket().getLocalPort(), () -> timed.socket().getInputStream().read());
			start("channel-write-" + i, write.socket().getLocalPort(), () -> { for (ByteBuffer b = ByteBuffer.allocate(1 << 16); ; b.clear()) write.write(b); });
			connect("connect-" + i, 0);
		}
		for (int i = 0; i < 2; i++) {
			Socket timed = plain(50);
			try { timed.getInputStream().read(); } catch (SocketTimeoutException e) { } // it is not blocking from now on
			start("write-after-timed-" + i, timed.getLocalPort(), () -> fill(timed));
			connect("timed-connect-" + i, LONG);
		}
		for (int i = 0; i < 4; i++) { // a word to and fro on one of two connections, in turn
			SocketChannel[] here = new SocketChannel[2];
			for (int k = 0; k < 2; k++) {
				here[k] = SocketChannel.open(peers.getLocalAddress());
				SocketChannel there = peers.accept();
				start("echo-" + i + "-" + k, ((InetSocketAddress) there.getRemoteAddress()).getPort() + " of-peer", () -> echo(there));
			}
			start("busy-" + i, here[0].socket().getLocalPort() + " " + here[1].socket().getLocalPort(), () -> {
				ByteBuffer b = ByteBuffer.allocate(1);
				for (int n = 0; ; n++) {
					here[n % 2].write(b.clear());
					here[n % 2].read(b.clear());
					if (n % 20 == 0) Thread.sleep(2);
				}
			});
			start("churn-" + i, "any", () -> {
				for (;;) {
					try (Socket s = new Socket(); ServerSocket x = new ServerSocket(0, 5, LO)) {
						s.connect(x.getLocalSocketAddress());
						try (Socket p = x.accept()) { s.setSoTimeout(5); s.getInputStream().read(); } catch (SocketTimeoutException e) { }
					}
					Thread.sleep(20);
				}
			});
		}
		Thread.sleep(1000);
		System.out.println("ready");
		System.in.read();
	}
}
`

// single is what the threads of Waiting with a connection of their own are called.
var single = regexp.MustCompile(`^(channel-)?(timed-)?(read|write|connect)-|^write-after`)

// startClass runs a class until the test ends and gives its pid and what it said before "ready".
func startClass(t testing.TB, jdk live.JDK, name, source string, args ...string) (pid int, said []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".java")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	classes := livetest.Compile(t, jdk, file)
	cmd := exec.Command(filepath.Join(jdk.Home, "bin", "java"), slices.Concat([]string{"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
		classes + ":" + os.Getenv("CLASSPATH"), name}, args)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for sc := bufio.NewScanner(out); sc.Scan(); {
		if sc.Text() == "ready" {
			return cmd.Process.Pid, said
		}
		said = append(said, sc.Text())
	}
	t.Fatalf("the JVM ended: %v", said)
	return 0, nil
}

// nids are the threads of a dump by their ids.
func nids(t testing.TB, dump string) map[int64]string {
	t.Helper()
	out := map[int64]string{}
	for _, m := range regexp.MustCompile(`(?m)^"([^"]+)" .*\bnid=(\w+) `).FindAllStringSubmatch(dump, -1) {
		n, err := strconv.ParseInt(m[2], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = m[1]
	}
	return out
}

// waitTables are the tables of a capture that stand next to its dumps.
func waitTables(t testing.TB, c *taken, dumps int) (tables []*waits.Snapshot, names []map[int64]string) {
	t.Helper()
	for k := range dumps {
		s, err := waits.Read(strings.NewReader(c.content[entries.ThreadWaits.Of(entries.Dump(k))]))
		if err != nil {
			t.Fatalf("dump %d: %v; %+v", k+1, err, c.status(entries.ItemThreadWaits))
		}
		tables = append(tables, s)
		names = append(names, nids(t, c.content[entries.ThreadDump.Of(entries.Dump(k))]))
	}
	return tables, names
}

// dumpsOfWaits is how many dumps the live test takes: a few, or as many as the environment says.
func dumpsOfWaits(t testing.TB) int {
	n, err := strconv.Atoi(os.Getenv("CASEFILE_TEST_WAITS_DUMPS"))
	if err != nil && os.Getenv("CASEFILE_TEST_WAITS_DUMPS") != "" {
		t.Fatal(err)
	}
	return max(n, 3)
}

// Each of 40 threads gets its own connection in every dump, and no thread that works meanwhile gets one of others.
func TestThreadsGetTheirConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("starts JVMs")
	}
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		if jdk.Major < 11 {
			t.Skip("the program is written for newer ones")
		}
		pid, said := startClass(t, jdk, "Waiting", waiting)
		ports := map[string][]string{}
		for _, line := range said {
			if f := strings.Fields(line); f[0] == "thread" {
				ports[f[1]] = f[2:]
			} else {
				t.Fatal(line)
			}
		}
		p := plan.Default()
		p.PIDs, p.Dumps, p.DumpInterval = []int{pid}, dumpsOfWaits(t), plan.Duration(300*time.Millisecond)
		p.Duration = plan.Duration(time.Duration(p.Dumps)*300*time.Millisecond + time.Second)
		c := run(t, t.Context(), p)
		tables, names := waitTables(t, c, p.Dumps)
		for k, table := range tables {
			got := 0
			for _, w := range table.Waits {
				name := names[k][w.NID]
				if name == "" || w.Kind != waits.TCP || strings.HasPrefix(name, "churn-") {
					continue
				}
				own := own(ports[name], w.Local, w.Remote)
				if !own {
					t.Errorf("dump %d: %s is said to wait for %v -> %v, its own is %v", k+1, name, w.Local, w.Remote, ports[name])
				}
				if own && single.MatchString(name) {
					got++
				}
				if want := eventsOf(name); w.Call == "poll" && want != "" && w.Events != want {
					t.Errorf("dump %d: %s polls for %q, want %q", k+1, name, w.Events, want)
				}
			}
			if got != 40 {
				t.Errorf("dump %d: %d of 40 threads have their connection; %+v", k+1, got, missing(table, names[k], ports))
			}
		}
		samples, err := waits.ReadSamples(strings.NewReader(c.content[string(entries.WaitSamples)]))
		if err != nil || samples.Rounds < 2 || samples.Skipped > 0 {
			t.Fatalf("%+v %v; %+v", samples, err, c.status(entries.ItemWaitSamples))
		}
		for _, s := range samples.Samples {
			name := names[0][s.NID]
			if s.Kind != waits.TCP || !single.MatchString(name) {
				continue
			}
			if last, ok := samples.LastAt(s.Local, s.Remote); !own(ports[name], s.Local, s.Remote) || !ok || last.NID != s.NID {
				t.Errorf("sample of %s at %v -> %v, last there %v %v", name, s.Local, s.Remote, last.NID, ok)
			}
			ports[name] = nil
		}
		for name, left := range ports {
			if single.MatchString(name) && left != nil {
				t.Errorf("no sample of %s", name)
			}
		}
		t.Logf("JDK %d: %d dumps, %d rounds of samples", jdk.Major, p.Dumps, samples.Rounds)
	})
}

// own reports whether a connection is the one that a thread named: by its local port, or that of its peer.
func own(ports []string, local, remote netip.AddrPort) bool {
	if len(ports) == 2 && ports[1] == "of-peer" {
		return strconv.Itoa(int(remote.Port())) == ports[0]
	}
	return slices.Contains(ports, strconv.Itoa(int(local.Port())))
}

// eventsOf is what a thread polls for, by its name.
func eventsOf(name string) waits.Events {
	switch {
	case strings.Contains(name, "write"), strings.Contains(name, "connect"):
		return waits.Out
	case strings.Contains(name, "read"):
		return waits.In
	}
	return ""
}

// missing are the calls of threads that have no connection.
func missing(table *waits.Snapshot, names map[int64]string, ports map[string][]string) (out []string) {
	have := map[string]string{}
	for _, w := range table.Waits {
		have[names[w.NID]] = fmt.Sprintf("%s fd %d %s %v", w.Call, w.FD, w.Kind, w.Local)
	}
	for name := range ports {
		if single.MatchString(name) && !strings.Contains(have[name], "tcp") {
			out = append(out, name+": "+have[name])
		}
	}
	return out
}
