package envelope

import (
	"bytes"
	"testing"
)

func TestOpen(t *testing.T) {
	const text = `[0.005s][info][gc] Using G1`
	for name, c := range map[string]struct{ in, want string }{
		"CRI":                    {"2025-12-22T13:19:53.123456789Z stdout F " + text, text},
		"CRI, zone":              {"2025-12-22T13:19:53.123456789+01:00 stderr F " + text, text},
		"CRI, blank line":        {"2025-12-22T13:19:53.123456789Z stdout F ", ""},
		"CRI, a frame":           {"2025-12-22T13:19:53.123456789Z stdout F \tat a.B.c(D.java:1)", "\tat a.B.c(D.java:1)"},
		"CRI, trimmed":           {"2025-12-22T13:19:53.123456789Z stdout F", ""},
		"kubectl, trimmed":       {"[pod/web-1/app]", ""},
		"Docker":                 {`{"log":"\tat a.B.c(D.java:1)\n","stream":"stdout","time":"2025-12-22T13:19:53.1Z"}`, "\tat a.B.c(D.java:1)"},
		"shipper":                {`{"@timestamp":"x","kubernetes":{"pod":{"name":"a"}},"message":"one\ntwo"}`, "one\ntwo"},
		"JSON of something else": {`{"a":{"log":1}}`, `{"a":{"log":1}}`},
		"not JSON":               {`{"log":"}`, `{"log":"}`},
		"docker logs -t":         {"2025-12-22T13:19:53.123456789Z " + text, text},
		"kubectl":                {"[pod/web-1/app] 2025-12-22T13:19:53.123456789Z " + text, text},
		"compose":                {"web-1  | " + text, text},
		"compose, coloured":      {"\x1b[36mweb-1  | \x1b[0m" + text, text},
		"syslog":                 {"Dec  2 13:19:53 host1 java[4711]: " + text, text},
		"syslog, no pid":         {"Dec 22 13:19:53 host1 confluence: " + text, text},
		"syslog, blank line":     {"Dec 22 13:19:53 host1 java[4711]:", ""},
		"short-precise":          {"Dec 22 13:19:53.123456 host1 java[4711]: " + text, text},
		"short-iso":              {"2025-12-22T13:19:53+0100 host1 java[4711]: " + text, text},
		"short-monotonic":        {"[ 4711.123456] host1 java[4711]: " + text, text},
		"Cloud Foundry":          {"2025-12-22T13:19:53.12+0100 [APP/PROC/WEB/0] OUT " + text, text},
		"Heroku":                 {"2025-12-22T13:19:53.123456+00:00 app[web.1]: " + text, text},
		"wrapper":                {"INFO   | jvm 1    | 2025/12/22 13:19:53 | " + text, text},
		"wrapper, no time":       {"INFO   | jvm 1    | " + text, text},
		"wrapper, blank line":    {"INFO   | jvm 1    | 2025/12/22 13:19:53 |", ""},

		"GC log":               {text, text},
		"GC log with time":     {"[2025-12-22T13:19:53.123+0100][info][gc] Using G1", "[2025-12-22T13:19:53.123+0100][info][gc] Using G1"},
		"GC log with number":   {"[4711][info][gc] Using G1", "[4711][info][gc] Using G1"},
		"GC log of JDK 8":      {"2014-05-01T12:00:00.123+0200: 1.234: [GC", "2014-05-01T12:00:00.123+0200: 1.234: [GC"},
		"thread":               {`"main" #1 prio=5`, `"main" #1 prio=5`},
		"application":          {"2025-12-22 13:19:53,123 INFO [main] [c.a.C] start | done", "2025-12-22 13:19:53,123 INFO [main] [c.a.C] start | done"},
		"log line with a bar":  {"INFO | a b | c", "INFO | a b | c"},
		"time alone":           {"2025-12-22T13:19:53.123Z", "2025-12-22T13:19:53.123Z"},
		"bracket without host": {"[ 12.5] word: text", "[ 12.5] word: text"},
		"short":                {"{", "{"},
		"title":                {"Full thread dump OpenJDK 64-Bit Server VM (17.0.1+12 mixed mode):", "Full thread dump OpenJDK 64-Bit Server VM (17.0.1+12 mixed mode):"},
		"goroutine":            {"goroutine 1 [running]:", "goroutine 1 [running]:"},
	} {
		if got := string(Open([]byte(c.in))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, s := range []string{"2025-12-22T13:19:53.123456789Z stdout F x", `{"log":"a\n"}`, "Dec 22 13:19:53 host1 java[4711]: x", "INFO   | jvm 1    | 2025/12/22 13:19:53 | x", "\x1b[1", "[pod/", "[1.1] a[1]:"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		out := Open(in)
		if !bytes.Equal(in, before) {
			t.Fatalf("%q was changed to %q", before, in)
		}
		if len(out) > 3*len(in) { // an invalid byte becomes three
			t.Fatalf("%q grew to %q", in, out)
		}
	})
}
