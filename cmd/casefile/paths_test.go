package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/testdata/faults"
)

// Where an admin keeps files stands in nothing that is handed on, whatever the files are and however they are given.
func TestReportsDoNotSayWhereFilesLie(t *testing.T) {
	const (
		folder = "secret-client"
		gcLog  = "[0.010s][info][gc] Using G1\n[0.010s][info][gc,init] Heap Max Capacity: 256M\n" +
			"[100.000s][info][gc] GC(0) Pause Full (System.gc()) 200M->50M(256M) 12000.000ms\n" +
			"[900.000s][info][gc] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 25M->6M(256M) 3.000ms\n"
		memory = "2026-03-04 10:00:00,000 ERROR [http-nio-8090-exec-7] [a.B] request failed\n" +
			"java.lang.OutOfMemoryError: Java heap space\n\tat a.B.run(B.java:1)\n"
		stuck = "18-Apr-2026 10:48:30.153 WARNING [Catalina-utility-1] org.apache.catalina.valves.StuckThreadDetectionValve." +
			"notifyStuckThreadDetected Thread [http-nio-8090-exec-7] (id=[133]) has been active for [306,418] milliseconds (since " +
			"[4/18/26 10:43 AM]) to serve the same request for [https://wiki.example.com/pages/view.action] and may be stuck (configured " +
			"threshold for this StuckThreadDetectionValve is [60] seconds).\n\tjava.lang.Throwable\n\t\tat a.B.run(B.java:1)\n"
	)
	two := faults.All(2)
	for name, files := range map[string]map[string]string{
		"a dump":             {"one.txt": two[0].Text},
		"nodes in folders":   {"n1/dump.txt": two[0].Text, "n2/dump.txt": two[1].Text},
		"a GC log":           {"gc.log": gcLog},
		"an application log": {"app.log": memory},
		"a known problem":    {"catalina.out": stuck},
		"a short GC log":     {"gc.log": "[100.000s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 25M->6M(256M) 3.000ms\n"},
		"a GC log untimed":   {"gc.log": "[info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 25M->6M(256M) 3.000ms\n"},
		"goroutines":         {"g1.txt": "goroutine 1 [IO wait]:\nmain.main()\n\t/srv/main.go:9 +0x20\n"},
		"what is not read":   {"gc.log": gcLog, "broken.jfr": "FLR\x00\x00\x02\x00\x01broken", "cut.zip": "PK\x03\x04"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), folder)
			var each []string
			for file, text := range files {
				p := filepath.Join(dir, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
					t.Fatal(err)
				}
				each = append(each, writeIn(t, filepath.Dir(p), filepath.Base(p), text))
			}
			for _, paths := range [][]string{{dir}, each} {
				out := t.TempDir()
				page, summary := filepath.Join(out, "r.html"), filepath.Join(out, "s.md")
				var told strings.Builder
				if code := run(t.Context(), append([]string{"analyze", "--html", page, "--markdown", summary}, paths...), strings.NewReader(""), io.Discard, &told); code != 0 {
					t.Fatalf("%s: exit code %d: %s", paths, code, &told)
				}
				for _, file := range []string{page, summary} {
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					shown := strings.ReplaceAll(string(text), "<wbr/>", "")
					if i := strings.Index(shown, folder+"/"); i >= 0 {
						t.Errorf("%s: ...%s...", filepath.Base(file), shown[max(0, i-150):min(len(shown), i+100)])
					}
				}
			}
		})
	}
}
