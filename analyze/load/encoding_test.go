package load

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// Every kind of text is read alike in UTF-8 and in UTF-16, loose and from a bundle's folder of logs.
func TestEncodings(t *testing.T) {
	gcLog, err := os.ReadFile("../../testdata/gc/serial-jdk17.log")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"a/catalina.out":         catalina + dumpText + catalina,
		"b/atlassian.log":        catalina + "12-Jul-2022 01:10:00.000 INFO [main] a.B.c Größe 𝄞\n",
		"c/access_log.txt":       access,
		"d/conf/server.xml":      `<?xml version="1.0" encoding="UTF-16"?>` + server,
		"e/dump.txt":             dumpText,
		"f/gc.log":               string(gcLog),
		"g/both.log":             string(gcLog) + dumpText,
		"h/app/application.yml":  "spring:\n  datasource:\n    url: jdbc:postgresql://db/x\n    hikari:\n      maximum-pool-size: 7\nserver:\n  tomcat:\n    threads:\n      max: 9\n",
		"i/notes.txt":            "nothing\nof interest\n",
		"j/conf_access_log2.log": access + "odd\n",
	}
	dir := tree(t, files)
	want := read(t, dir)
	var logs, access int
	for _, n := range want.Nodes {
		logs, access = logs+len(n.LooseLogs), access+len(n.LooseAccess)
	}
	if jvms := len(want.JVMs()); logs == 0 || access == 0 || jvms < 2 {
		t.Fatalf("the test's own files are not read: %d logs, %d access logs, %d JVMs", logs, access, jvms)
	}
	for name, as := range map[string]struct {
		order binary.AppendByteOrder
		mark  string
		plain int // so many bytes stay UTF-8
	}{"LE with mark": {binary.LittleEndian, "\uFEFF", 0}, "BE with mark": {binary.BigEndian, "\uFEFF", 0}, "LE": {binary.LittleEndian, "", 0}, "LE from the second line on": {binary.LittleEndian, "", 1}} {
		for file, text := range files {
			at := 0
			for range as.plain {
				for at < len(text) && text[at] != '\n' {
					at++
				}
				at = min(at+1, len(text))
			}
			wide := []byte(text[:at])
			for _, u := range utf16.Encode([]rune(as.mark + text[at:])) {
				wide = as.order.AppendUint16(wide, u)
			}
			if err := os.WriteFile(filepath.Join(dir, file), wide, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, read(t, dir), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%s reads otherwise (-UTF-8 +%s):\n%.3000s", name, name, diff)
		}
	}
}
