package load

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"
)

func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// eachOf puts something before each line.
func eachOf(text, before string) string {
	return before + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+before) + "\n"
}

// One dump in whatever it was put on its way gives the same threads.
func TestFormsOfADump(t *testing.T) {
	dump := jvmOf{1, time.Hour}.dump(0)
	var stripped strings.Builder
	for line := range strings.Lines(dump) {
		stripped.WriteString(strings.TrimLeft(line, " \t"))
	}
	for name, text := range map[string]string{
		"as it is": dump, "indented": eachOf(dump, "    "), "by tabs": eachOf(dump, "\t"), "quoted": eachOf(dump, "> "), "stripped": stripped.String(),
		"fenced": "Look:\n\n```\n" + dump + "```\n", "page": "<html><body><pre>" + html.EscapeString(dump) + "</pre></body></html>\n",
		"escaped": html.EscapeString(dump + "x <0x1>"), "CRLF": strings.ReplaceAll(dump, "\n", "\r\n"), "compose": eachOf(dump, "web-1  | "),
		"kubectl": eachOf(dump, "[pod/web-1/app] "),
	} {
		t.Run(name, func(t *testing.T) {
			c := read(t, tree(t, map[string]string{"dump.txt": text}))
			jvms := c.JVMs()
			if len(jvms) != 1 || jvms[0].Dumps == nil || len(jvms[0].Dumps.Dumps) != 1 {
				t.Fatalf("%d JVMs, problems %q", len(jvms), c.Problems)
			}
			d := jvms[0].Dumps.Dumps[0]
			if len(d.Threads) != 5 || d.UnparsedLines > 1 || len(d.Threads[3].Stack.Frames) != 1 || d.Time.IsZero() {
				t.Errorf("%d threads, %d lines not understood, %v", len(d.Threads), d.UnparsedLines, d.Time)
			}
		})
	}
}

func TestArrayOfLines(t *testing.T) {
	var rows []map[string]string
	for i := range 20 {
		rows = append(rows, map[string]string{"timestamp": "2026-03-10T00:00:00Z",
			"textPayload": fmt.Sprintf("[%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms", 100+i, i)})
	}
	text, err := json.MarshalIndent(rows, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	c := read(t, tree(t, map[string]string{"export.json": string(text)}))
	if jvms := c.JVMs(); len(jvms) != 1 || len(jvms[0].GC) != 1 || jvms[0].GC[0].Total.Count != 20 {
		t.Errorf("%d JVMs, problems %q", len(jvms), c.Problems)
	}
}

// An archive in a folder, or in another, is read as it would be by itself; those of several nodes name them.
func TestArchivesWithinOthers(t *testing.T) {
	node := func(i int) string {
		return zipped(t, map[string]string{"threads/dump1.txt": jvmOf{i, time.Hour}.dump(0), "threads/dump2.txt": jvmOf{i, time.Hour}.dump(1)})
	}
	for name, files := range map[string]map[string]string{
		"in a folder": {"wiki1.zip": node(1), "wiki2.zip": node(2)},
		"in a zip":    {"all.zip": zipped(t, map[string]string{"wiki1.zip": node(1), "wiki2.zip": node(2)})},
	} {
		t.Run(name, func(t *testing.T) {
			c := read(t, tree(t, files))
			nodes, dumps := processesOf(c)
			if len(nodes) != 2 || nodes[0] != "wiki1" || len(dumps) != 2 || dumps[0] != 2 || dumps[1] != 2 {
				t.Errorf("nodes %q, dumps %d, problems %q", nodes, dumps, c.Problems)
			}
		})
	}
}

func TestArchivesThatAreNotRead(t *testing.T) {
	c := read(t, tree(t, map[string]string{"a.7z": "7z\xbc\xaf\x27\x1c....", "b.log": catalina, "c.log.lz4": "\x04\x22\x4d\x18...."}))
	if all := strings.Join(c.Problems, "; "); !strings.Contains(all, "7z archive") || !strings.Contains(all, "lz4 -d") {
		t.Errorf("problems %q", c.Problems)
	}
}
