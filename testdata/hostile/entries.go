package hostile

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

const planJSON = `{"format_version":1,"cluster":"c","tool":{"name":"casefile"},"started":"2026-11-28T10:00:00Z","nodes":[{"name":"n1"}]}`

// bundled is a casefile bundle with these entries.
func bundled(name, tells string, members func(size float64) []member) Input {
	return tarZstd(name+".tar.zst", tells, func(size float64) func(func(member) bool) {
		return func(yield func(member) bool) {
			for _, m := range append([]member{text("plan.json", planJSON)}, members(size)...) {
				if !yield(m) {
					return
				}
			}
		}
	})
}

// made is an entry of a head and lines that count; what JSON leaves open is closed.
func made(path, head, format string, mbs int, size float64) member {
	var b strings.Builder
	b.WriteString(head)
	_ = lines(&b, mb(mbs, size), 1<<30, format) // a Builder takes all
	for i := len(head) - 1; i >= 0 && strings.HasSuffix(path, ".json"); i-- {
		switch head[i] {
		case '{':
			b.WriteByte('}')
		case '[':
			b.WriteByte(']')
		case '}', ']':
			i = strings.LastIndexByte(head[:i], head[i]-2)
		}
	}
	return text(path, b.String())
}

// entries are bundles whose entries are hostile, one kind of entry each.
func entries() []Input {
	const jvm = "nodes/n1/jvm/1-app/"
	one := func(name, path, head, format string, mbs int) Input {
		return bundled("bundle-"+name, "", func(size float64) []member { return []member{made(path, head, format, mbs, size)} })
	}
	ms := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC).UnixMilli()
	series := `{"series":1,"source":"hsperfdata","target":"1-app"}` + "\n"
	return []Input{
		one("columns", jvm+"hsperf/series.0.jsonl", series+fmt.Sprintf(`{"t":%d,"v":{"a":1`, ms), `,"c%d":1`, 60),
		one("samples", jvm+"hsperf/series.0.jsonl", series, `{"t":%[1]d,"v":{"c%[1]d":%[1]d}}`+"\n", 60),
		one("moments", jvm+"process/series.0.jsonl", series, `{"t":%[1]d}`+"\n", 90),
		one("tasks", jvm+"threads/001-cpu.tsv", "# casefile-tasks 1 pid=1 started_ms=1 ended_ms=2\ntid\tnid\tstate\tcpu_ns\tdelay_ns\tswitches\tprocessor\tcomm\twchan\n", "%[1]d\t%[1]d\tS\t1\t1\t1\t1\tt-%[1]d\tw%[1]d\n", 90),
		one("stuck", jvm+"threads/001-stuck.tsv", "# casefile-tasks 1 pid=1 started_ms=1 ended_ms=2\ntid\tnid\tstate\tcpu_ns\tdelay_ns\tswitches\tprocessor\tcomm\twchan\n", "%[1]d\t%[1]d\tR\t1\t1\t1\t1\tt-%[1]d\tw%[1]d\n", 90),
		one("sockets", jvm+"threads/001-sockets.tsv", "# casefile-sockets 1 pid=1 taken_ms=1 left_out=0\nlocal\tremote\tstate\tsendq\trecvq\tretransmits\n", "10.0.0.1:1\t10.0.0.2:2\tESTABLISHED%[1]d\t0\t0\t0\n", 90),
		one("waits", jvm+"threads/001-waits.tsv", "# casefile-waits 1 pid=1 before_ms=1 after_ms=2 left_out=0 denied=0 changed=0\n",
			"%[1]d\t%[1]d\tread\t%[1]d\t-\tfile\t-\t-\t/f%[1]d\n", 90),
		one("samples-of-waits", jvm+"threads/waits-samples.tsv",
			"# casefile-wait-samples 1 pid=1 first_ms=1 last_ms=2 rounds=9 left_out=0\n",
			"%[1]d\t%[1]d\tread\t%[1]d\t-\tfile\t-\t-\t/f%[1]d\t1\t1\t2\n", 90),
		one("flags", jvm+"vm/flags.txt", "", "size_t Flag%[1]d = %[1]d {product} {command line}\n", 90),
		one("cmdline", jvm+"vm/cmdline", "java\n", "-Dx%[1]d=%[1]d\n", 60),
		one("codecache", jvm+"vm/codecache.txt", "", "CodeHeap '%[1]d': size=1Kb used=1Kb max_used=1Kb free=1Kb\n", 60),
		one("logs", jvm+"logs/app.log", "", "2026-11-28 10:00:00,000 ERROR [http-%[1]d] [core.Foo%[1]d] java.lang.OutOfMemoryError: %[1]d\n", 95),
		one("access", jvm+"logs/access_log.txt", "", `10.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "GET /%[1]d HTTP/1.1" 200 %[1]d %[1]d`+"\n", 95),
		one("timing", "cluster/timing.json", `{"version":1,"nodes":[{}`, ",{}", 50),
		one("links", "cluster/timing.json", `{"version":1,"links":[{"from":"a","to":"b","rounds":[{}`, ",{}", 50),
		one("probes", "nodes/n1/timing/probes.json", `{"version":1,"databases":[{}`, ",{}", 50),
		one("top", "nodes/n1/host/top.json", `[{}`, ",{}", 60),
		one("disks", "nodes/n1/host/start/mountinfo", "", "%[1]d 1 8:1 / /m%[1]d rw - ext4 /dev/sda%[1]d rw\n", 60),
		one("gc", jvm+"gc/gc.log", gcHead, "[2026-11-23T07:44:57.352+0000][%[1]d.000s][info][gc] GC(%[1]d) Pause Young (Normal) (C%[1]d) 24M->4M(256M) 1.123ms\n", 95),
		one("goroutines", "nodes/n1/go/1-svc/goroutines/001.txt", "", "goroutine %[1]d [select]:\nmain.f%[1]d(0x1)\n\t/srv/app/main%[1]d.go:12 +0x205\n\n", 95),
		bundled("bundle-host", "", func(size float64) []member {
			var all []member
			for i := range scaled(100, size) {
				n := mb(60, 1)
				all = append(all, member{name: fmt.Sprintf("nodes/n1/host/start/f%d.txt", i), size: n, body: of("x", n)})
			}
			return all
		}),
		bundled("bundle-nodes", "", func(size float64) []member {
			var all []member
			for i := range scaled(90_000, size) {
				all = append(all, text(fmt.Sprintf("nodes/n%d/jvm/%d-app/vm/version.txt", i, i+1), "JDK 17\n"))
			}
			return all
		}),
		bundled("bundle-targets", "", func(size float64) []member {
			var all []member
			for i := range scaled(90_000, size) {
				all = append(all, text(fmt.Sprintf("nodes/n1/jvm/%d-app/threads/001.txt", i+1), hotspotHead+"\"main\" #1 tid=0x1 nid=0x1 runnable\n   java.lang.Thread.State: RUNNABLE\n\tat a.B.c(D.java:1)\n"))
			}
			return all
		}),
		bundled("bundle-hsperf", "", func(size float64) []member {
			b := []byte{0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1}
			le := binary.LittleEndian
			n := 120_000
			b = le.AppendUint32(b, 1<<31-1)
			b = append(b, make([]byte, 12)...)
			b = le.AppendUint32(b, 32)
			b = le.AppendUint32(b, uint32(n))
			for i := range n {
				name := fmt.Sprintf("c%06d\x00", i)
				b = le.AppendUint32(b, 36)
				b = le.AppendUint32(b, 20)
				b = le.AppendUint32(b, 0)
				b = append(b, 'J', 0, 1, 1)
				b = le.AppendUint32(b, 28)
				b = append(append(b, name...), make([]byte, 8)...)
			}
			return []member{{name: jvm + "hsperf/last.hsperfdata", size: int64(len(b)), body: strings.NewReader(string(b))}}
		}),
		bundled("bundle-manifest", "", func(size float64) []member {
			return []member{made("casefile.json", `{"format_version":1,"cluster":"c","entries":[{}`, ",{}", 60, size)}
		}),
		bundled("bundle-coverage", "", func(size float64) []member {
			return []member{made("casefile.json", `{"format_version":1,"cluster":"c","nodes":[{"name":"n1"}],"coverage":[{}`, `,{"node":"n%[1]d","item":"i%[1]d","status":"failed","reason":"r%[1]d"}`, 15, size)}
		}),
		bundled("bundle-deep", "", func(size float64) []member {
			n := mb(50, size)
			return []member{{name: "casefile.json", size: n, body: io.MultiReader(strings.NewReader(`{"a":`), of("[", n-5))}}
		}),
		bundled("bundle-twice", "", func(size float64) []member {
			var all []member
			for range scaled(80_000, size) {
				all = append(all, text(jvm+"threads/001.txt", "x"))
			}
			return all
		}),
	}
}
