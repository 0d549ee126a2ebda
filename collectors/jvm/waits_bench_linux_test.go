package jvm_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"casefile/bundle/format/waits"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors/jvm/calls"
)

// readers has threads that read from a connection of their own each, half of them with a time-out; every tenth works:
// it gets a word a hundred times a second.
const readers = `
import java.net.*;
import java.util.*;

public class Readers {
	public static void main(String[] args) throws Exception {
		ServerSocket peers = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
		List<Socket> words = new ArrayList<>();
		for (int i = 0; i < Integer.parseInt(args[0]); i++) {
			Socket s = new Socket(peers.getInetAddress(), peers.getLocalPort());
			words.add(peers.accept());
			if (i % 2 == 0) s.setSoTimeout(600_000);
			Thread t = new Thread(null, () -> { try { while (s.getInputStream().read() >= 0) { } } catch (Exception e) { } }, "read-" + i, 128 << 10);
			t.setDaemon(true);
			t.start();
		}
		System.out.println("ready");
		if (args.length > 1)
			for (;; Thread.sleep(10))
				for (int i = 0; i < words.size(); i += 10) words.get(i).getOutputStream().write(1);
		System.in.read();
	}
}
`

// BenchmarkWaits prints what the table of a dump costs (two looks and the sockets), and what half a minute of samples does.
func BenchmarkWaits(b *testing.B) {
	for _, threads := range []int{500, 5000} {
		for _, load := range []string{"idle", "busy"} {
			b.Run(fmt.Sprintf("%d-%s", threads, load), func(b *testing.B) {
				args := []string{fmt.Sprint(threads)}
				if load == "busy" {
					args = append(args, load)
				}
				pid, _ := startClass(b, livetest.Newest(b), "Readers", readers, args...)
				dir := fmt.Sprintf("/proc/%d", pid)
				r, err := calls.Open(dir, false, calls.NewTables())
				if err != nil {
					b.Fatal(err)
				}
				defer r.Close()
				benchTable(b, r, threads)
				benchSamples(b, dir)
			})
		}
	}
}

func benchTable(b *testing.B, r *calls.Reader, threads int) {
	var walls, cpus []time.Duration
	rows := 0
	for b.Loop() {
		for range pairs {
			began, cpu := time.Now(), cpuOf(syscall.RUSAGE_SELF)
			first, err := r.Look(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			table, err := r.Confirm(b.Context(), first, calls.Sockets{})
			if err != nil {
				b.Fatal(err)
			}
			walls, cpus = append(walls, time.Since(began)), append(cpus, cpuOf(syscall.RUSAGE_SELF)-cpu)
			rows = 0
			for _, w := range table.Waits {
				if w.Kind == waits.TCP {
					rows++
				}
			}
		}
	}
	median := func(list []time.Duration) float64 {
		slices.Sort(list)
		return float64(list[len(list)/2].Microseconds()) / 1000
	}
	b.ReportMetric(median(walls), "table-ms")
	b.ReportMetric(median(cpus), "table-cpu-ms")
	b.ReportMetric(100*float64(rows)/float64(threads), "connections-%")
}

func benchSamples(b *testing.B, dir string) {
	const span = 30 * time.Second
	r, err := calls.Open(dir, false, calls.NewTables())
	if err != nil {
		b.Fatal(err)
	}
	s := calls.NewSampler(r)
	defer s.Close()
	began, cpu := time.Now(), cpuOf(syscall.RUSAGE_SELF)
	if err := s.Run(b.Context(), began, began.Add(span)); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began).Seconds()
	b.ReportMetric(100*(cpuOf(syscall.RUSAGE_SELF)-cpu).Seconds()/took, "samples-%cpu")
	b.ReportMetric(float64(s.Samples(0).Rounds)/took, "samples-Hz")
}
