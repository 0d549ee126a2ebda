package hostile

import (
	"bufio"
	"io"
	"strings"
)

// Escape is what must never reach a terminal, Script what must never be markup of a page.
const (
	Escape = "\x1b]0;owned\x07\x1b[2J\x1b[31m"
	Script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
)

// names are names and texts that would act where they are shown.
func names() []Input {
	bad := Escape + Script
	dump := func(w io.Writer) error {
		_, err := io.WriteString(w, hotspotHead+
			`"`+bad+`" #1 tid=0x1 nid=0x1 waiting for monitor entry`+"\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\tat a."+bad+".c(D.java:1)\n\t- waiting to lock <0x01> (a "+bad+")\n\t- locked <0x02> (a "+bad+")\n\n"+
			`"other `+bad+`" #2 tid=0x2 nid=0x2 waiting for monitor entry`+"\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\tat a."+bad+".c(D.java:1)\n\t- waiting to lock <0x02> (a "+bad+")\n\t- locked <0x01> (a "+bad+")\n")
		return err
	}
	return []Input{
		file("escapes.txt", "", func(w *bufio.Writer, _ float64) error { return dump(w) }),
		tarZstd("escapes.tar.zst", "", func(float64) func(func(member) bool) {
			return func(yield func(member) bool) {
				var b strings.Builder
				_ = dump(&b) // a Builder takes all
				_ = yield(text("a"+Escape+"b.txt", b.String())) && yield(text(Escape+"<script>.log", bad+"\n"))
			}
		}),
		bundled("escapes-bundle", "", func(float64) []member {
			return []member{
				text("nodes/n1/jvm/1-"+Escape+"app/threads/001.txt", hotspotHead),
				text("casefile.json", `{"format_version":1,"case_id":"`+"\\u001b[2J<script>"+`","cluster":"\u001b[31m<script>","nodes":[{"name":"\u001b[2J<script>"}],"coverage":[{"node":"\u001b[2J","target":"<script>\u0007","item":"\u001b[2J","status":"failed","reason":"\u001b[2J<script>","fix":"\u001b[2J"}]}`),
			}
		}),
	}
}
