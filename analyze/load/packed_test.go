package load

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

const twoPauses = "[100.000s][info][gc] GC(0) Pause Full (System.gc()) 9M->5M(16M) 1.000ms\n[101.000s][info][gc] GC(1) Pause Full (System.gc()) 9M->5M(16M) 1.000ms\n"

// twoPausesBzip2 is twoPauses as bzip2 packs it: the standard library only unpacks.
const twoPausesBzip2 = "QlpoOTFBWSZTWbgqbjoAACtfgAAQQGNjIQmCSAorp44gIAB1CVR5TQDQaYmgACqqeEgNNGjQ0xGyf2awxe0WK9g5IJrrrU0koaJyl2IkYC1CSF" +
	"HjBhmREDQeQFKyA4HHZEkcgh41YPJkozfFFGSSxVa1VVbC7kinChIXBU3HQA=="

func tarred(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// However a log is packed, and however deep, it is read.
func TestPacked(t *testing.T) {
	bzipped, err := base64.StdEncoding.DecodeString(twoPausesBzip2)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"gc.log.gz": gzipped(twoPauses), "gc.log.zst": zstandard(twoPauses), "gc.log.bz2": string(bzipped),
		"logs.zip": zipped(t, map[string]string{"gc.log": twoPauses}), "bz2 in.zip": zipped(t, map[string]string{"gc.log.bz2": string(bzipped)}),
		"tgz in.zip":  zipped(t, map[string]string{"logs.tgz": gzipped(tarred(t, map[string]string{"a/gc.log": twoPauses}))}),
		"tar in.tar":  tarred(t, map[string]string{"logs.tar": tarred(t, map[string]string{"a/gc.log": twoPauses})}),
		"logs.tar.gz": gzipped(tarred(t, map[string]string{"a/gc.log": twoPauses})), "gz in.tar.gz": gzipped(tarred(t, map[string]string{"a/gc.log.gz": gzipped(twoPauses)})),
		"zip in.zip": zipped(t, map[string]string{"node1.zip": zipped(t, map[string]string{"gc.log": twoPauses})}),
	} {
		for _, within := range []bool{true, false} {
			dir := tree(t, map[string]string{name: text})
			if !within {
				dir += "/" + name
			}
			c := read(t, dir)
			if j := c.JVMs(); len(j) != 1 || len(j[0].GC) != 1 || j[0].GC[0].FullGCs != 2 {
				t.Errorf("%s, in a folder %v: %d JVMs, problems %q", name, within, len(j), c.Problems)
			}
		}
	}
}

// Lines are counted as they are in the file that was given, whatever they are taken out of.
func TestLinesOfForms(t *testing.T) {
	dump := jvmOf{number: 1, aged: 3600e9}.dump(0)
	for name, text := range map[string]string{
		"one field":        csvOf([][]string{{"_time", "_raw"}, {"x", dump}}),
		"a row a line":     inCSV([]string{"Date", "Message"}, true, func(n int, s string) []string { return []string{stampOf(n), s} })(dump),
		"JSON, indented":   strings.ReplaceAll(asJSON([]object{{"message": "before"}, {"message": "after"}}), "},", "},\n\n\n") + "\n",
		"doubled":          strings.ReplaceAll(dump, "\n", "\n\n"),
		"numbered":         each(func(n int, s string) string { return "    7\t" + s })(dump),
		"wrapped":          wrapped(80)(dump),
		"supervisor":       before("2026-03-01 10:00:00,123 DEBG 'x' stdout output:\n")(dump),
		"journal":          exported(dump),
		"objects of nodes": inJSON(func(s string) object { return object{"message": s, "host": "a"} })(dump) + asJSON(object{"message": "x", "host": "b"}) + "\n",
	} {
		c := read(t, tree(t, map[string]string{"out.txt": text}))
		lines := strings.Split(text, "\n")
		for _, j := range c.JVMs() {
			for _, d := range j.Dumps.Dumps {
				if len(d.Threads) != 5 {
					t.Errorf("%s: %d threads", name, len(d.Threads))
				}
				for _, th := range d.Threads {
					if !strings.Contains(strings.ReplaceAll(lines[th.Line-1], `\"`, `"`), th.Name) {
						t.Errorf("%s: line %d is not of %s: %s", name, th.Line, th.Name, lines[th.Line-1])
					}
				}
			}
		}
	}
}
