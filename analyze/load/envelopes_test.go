package load

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// An enveloped is one way in which the output of a process gets to whoever is asked about it.
type enveloped struct {
	name string
	// file is what the input is called then; the input's own name where it is empty.
	file string
	wrap func(text string) string
	// loses says that something of the text is gone, so that the facts may differ; then a word has to say so. losesJSON is the same for a
	// dump in JSON.
	loses, losesJSON bool
}

const day = "2026-03-01T10:00:00"

// each writes every line of a text anew.
func each(line func(n int, s string) string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for n, s := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			b.WriteString(line(n, s))
			b.WriteByte('\n')
		}
		return b.String()
	}
}

// before puts the same before every line.
func before(prefix string) func(string) string {
	return each(func(_ int, s string) string { return prefix + s })
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

type object = map[string]any

// inJSON writes an object for every line.
func inJSON(of func(s string) object) func(string) string {
	return each(func(_ int, s string) string { return asJSON(of(s)) })
}

// inCSV writes a row for every line, as log systems export a search.
func inCSV(head []string, newestFirst bool, row func(n int, s string) []string) func(string) string {
	return func(text string) string {
		var rows [][]string
		for n, s := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			rows = append(rows, row(n, s))
		}
		if newestFirst {
			slices.Reverse(rows)
		}
		return csvOf(append([][]string{head}, rows...))
	}
}

func csvOf(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		panic(err)
	}
	return b.String()
}

func stampOf(n int) string {
	return fmt.Sprintf("2026-03-01T10:%02d:%02d.%03dZ", n/60%60, n%60, n%1000)
}

func wide(order string) func(string) string {
	return func(text string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
			if order == "LE" {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return string(b)
	}
}

// wrapped breaks lines at a column, as a terminal does.
func wrapped(columns int) func(string) string {
	return each(func(_ int, s string) string {
		var parts []string
		for len(s) > columns {
			parts, s = append(parts, s[:columns]), s[columns:]
		}
		return strings.Join(append(parts, s), "\n")
	})
}

// folded breaks lines at the last blank before a column, as mail does.
func folded(columns int) func(string) string {
	return each(func(_ int, s string) string {
		var parts []string
		for len(s) > columns {
			at := strings.LastIndexByte(s[:columns], ' ')
			if at <= 0 || strings.TrimSpace(s[:at]) == "" {
				break
			}
			parts, s = append(parts, s[:at]), s[at+1:]
		}
		return strings.Join(append(parts, s), "\n")
	})
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if closed := w.Close(); err != nil || closed != nil {
		panic(fmt.Sprint(err, closed))
	}
	return b.String()
}

func zstandard(text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// exported is the journal's own form: a line with a line break or a byte that is no text has its length before it.
func exported(text string) string {
	return each(func(n int, s string) string {
		field := "MESSAGE=" + s
		if strings.ContainsAny(s, "\t\x1b") {
			field = fmt.Sprintf("MESSAGE\n%s%s", littleEndian(len(s)), s)
		}
		return fmt.Sprintf("__CURSOR=s=1;i=%x\n__REALTIME_TIMESTAMP=%d\n_HOSTNAME=wiki1\nSYSLOG_IDENTIFIER=java\n_PID=4711\n%s\n", n, 1772359200000000+n, field)
	})(text)
}

func littleEndian(n int) string {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return string(b)
}

var envelopes = []enveloped{
	{name: "as it is", wrap: func(s string) string { return s }},

	{name: "docker json-file", wrap: inJSON(func(s string) object { return object{"log": s + "\n", "stream": "stdout", "time": day + ".1Z"} })},
	{name: "docker logs -t", wrap: before(day + ".123456789Z ")},
	{name: "docker compose", wrap: before("web-1  | ")},
	{name: "docker compose, coloured", wrap: before("\x1b[36mweb-1  | \x1b[0m")},
	{name: "kubectl --prefix", wrap: before("[pod/web-1/app] ")},
	{name: "kubectl --prefix --timestamps", wrap: before("[pod/web-1/app] " + day + ".123456789Z ")},
	{name: "stern", wrap: before("web-5d4f7c app ")},
	{name: "CRI", wrap: before(day + ".123456789Z stdout F ")},
	{name: "Cloud Foundry", wrap: before(day + ".12+0100 [APP/PROC/WEB/0] OUT ")},
	{name: "Heroku", wrap: before(day + ".123456+00:00 app[web.1]: ")},

	{name: "journalctl", wrap: before("Mar 01 10:00:00 wiki1 java[4711]: ")},
	{name: "journalctl -o short-iso", wrap: before(day + "+0100 wiki1 java[4711]: ")},
	{name: "journalctl -o json", wrap: inJSON(func(s string) object {
		return object{"MESSAGE": s, "_HOSTNAME": "wiki1", "_PID": "4711", "__REALTIME_TIMESTAMP": "1772359200000000"}
	})},
	{name: "journalctl -o json, bytes", wrap: inJSON(func(s string) object { // a line with a control character is an array of bytes
		bytes := make([]int, len(s))
		for i := range len(s) {
			bytes[i] = int(s[i])
		}
		return object{"MESSAGE": bytes, "_HOSTNAME": "wiki1", "_PID": "4711"}
	}), losesJSON: true},
	{name: "journalctl -o export", wrap: exported},
	{name: "syslog, RFC 3164", wrap: before("<30>Mar  1 10:00:00 wiki1 java[4711]: ")},
	{name: "syslog, RFC 5424", wrap: before("<30>1 " + day + ".003Z wiki1 java 4711 - - ")},
	{name: "syslog, RFC 5424 with data", wrap: before(`<30>1 ` + day + `.003Z wiki1 java 4711 ID47 [ex@32473 iut="3" text="a ]\" b"] `)},
	{name: "systemd, no pid", wrap: before("Mar 01 10:00:00 wiki1 confluence: ")},
	{name: "supervisord", wrap: before("2026-03-01 10:00:00,123 DEBG 'confluence' stdout output:\n")},
	{name: "Java Service Wrapper", wrap: before("INFO   | jvm 1    | 2026/03/01 10:00:00 | ")},
	{name: "YAJSW", wrap: before("INFO|4711/0|Service confluence|26-03-01 10:00:00|")},
	{name: "procrun", wrap: func(s string) string {
		return "[2026-03-01 10:00:00] [info]  [ 4711] Commons Daemon procrun (1.3.4.0 64-bit) started.\n" + s
	}},
	{name: "log4j around it", wrap: before("10:00:00,123 INFO  [stdout] (Thread-7) ")},

	{name: "JSON, logstash", wrap: inJSON(func(s string) object {
		return object{"@timestamp": day + "Z", "@version": "1", "message": s, "level": "INFO"}
	})},
	{name: "JSON, ECS", wrap: inJSON(func(s string) object {
		return object{"@timestamp": day + "Z", "message": s, "log": object{"level": "INFO"}, "ecs": object{"version": "1.2.0"}, "process": object{"pid": 1}}
	})},
	{name: "JSON, nested", wrap: inJSON(func(s string) object { return object{"time": day + "Z", "log": object{"message": s, "offset": 12}} })},
	{name: "JSON, fluentd of Kubernetes", wrap: inJSON(func(s string) object {
		return object{"log": s + "\n", "stream": "stdout", "kubernetes": object{"pod_name": "web-1", "container_name": "app", "labels": object{"log": "x"}}}
	})},
	{name: "JSON, Elasticsearch hits", wrap: inJSON(func(s string) object {
		return object{"_index": "logs", "_id": "1", "_source": object{"@timestamp": day + "Z", "message": s, "host": object{"name": "wiki1"}}}
	})},
	{name: "JSON, Splunk", wrap: inJSON(func(s string) object {
		return object{"preview": false, "result": object{"_raw": s, "_time": day, "host": "wiki1"}}
	})},
	{name: "JSON, CloudWatch", wrap: func(text string) string {
		var events []object
		for n, s := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			events = append(events, object{"timestamp": 1772359200000 + n, "message": s, "ingestionTime": 1})
		}
		return asJSON(object{"events": events, "nextToken": "x"})
	}},
	{name: "JSON array, Google Cloud", file: "export.json", wrap: func(text string) string {
		var rows []object
		for _, s := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			rows = append(rows, object{"insertId": "x", "textPayload": s, "timestamp": day + "Z"})
		}
		return asJSON(rows)
	}},
	{name: "Loki", wrap: before(day + `Z {app="web",pod="web-1"} `)},

	{name: "CSV, Kibana", file: "export.csv", wrap: inCSV([]string{"@timestamp", "message", "host.name"}, false,
		func(n int, s string) []string { return []string{"Mar 1, 2026 @ 10:00:00.000", s, "wiki1"} })},
	{name: "CSV, Kibana, newest first", file: "export.csv", wrap: inCSV([]string{"@timestamp", "message", "host.name"}, true,
		func(n int, s string) []string { return []string{stampOf(n), s, "wiki1"} })},
	{name: "CSV, Splunk", file: "export.csv", wrap: inCSV([]string{"_raw", "_time", "host", "source"}, true,
		func(n int, s string) []string { return []string{s, stampOf(n), "wiki1", "/var/log/x"} })},
	{name: "CSV, Datadog", file: "export.csv", wrap: inCSV([]string{"Date", "Host", "Service", "Message"}, true,
		func(n int, s string) []string { return []string{stampOf(n), "wiki1", "confluence", s} })},
	{name: "CSV, all lines in one field", file: "export.csv", wrap: func(text string) string {
		return csvOf([][]string{{"_time", "_raw", "host"}, {day, text, "wiki1"}})
	}},

	{name: "UTF-16", wrap: wide("LE")},
	{name: "UTF-16, high byte first", wrap: wide("BE")},
	{name: "byte order mark", wrap: func(s string) string { return "\uFEFF" + s }},
	{name: "CRLF", wrap: func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
	{name: "CR only", wrap: func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }},
	{name: "CR CR LF", wrap: func(s string) string { return strings.ReplaceAll(s, "\n", "\r\r\n") }},

	{name: "quoted", wrap: before("> ")},
	{name: "quoted twice", wrap: before("> > ")},
	{name: "quoted without a blank", wrap: before(">")},
	{name: "Markdown fence", wrap: func(s string) string { return "This is what it says:\n\n```\n" + s + "```\nHelp!\n" }},
	{name: "Markdown fence in a list", wrap: func(s string) string { return "1. This:\n\n   ```text\n" + before("   ")(s) + "   ```\n" }},
	{name: "HTML, escaped", wrap: html.EscapeString},
	{name: "HTML, pre", file: "page.html", wrap: func(s string) string { return "<html><body><pre>" + html.EscapeString(s) + "</pre></body></html>\n" }},
	{name: "HTML, br", file: "page.html", wrap: func(s string) string {
		return "<!DOCTYPE html><html><body><p>" + strings.ReplaceAll(html.EscapeString(s), "\n", "<br/>\n") + "</p></body></html>\n"
	}},
	{name: "Jira {noformat}", wrap: func(s string) string { return "h3. Dump\n{noformat}\n" + s + "{noformat}\n" }},
	{name: "Jira {noformat} on the first line", wrap: func(s string) string { return "{noformat}" + s + "{noformat}\n" }},
	{name: "Jira {code}", wrap: func(s string) string { return "{code:title=dump|borderStyle=solid}\n" + s + "{code}\n" }},
	{name: "mail, quoted-printable", wrap: each(func(_ int, s string) string { return quotedPrintable(s) })},

	{name: "cat -n", wrap: each(func(n int, s string) string { return fmt.Sprintf("%6d\t%s", n+1, s) })},
	{name: "grep -n", wrap: each(func(n int, s string) string { return fmt.Sprintf("%d:%s", n+1, s) })},
	{name: "grep -n of a file", wrap: each(func(n int, s string) string { return fmt.Sprintf("out.log:%d:%s", n+1, s) })},
	{name: "grep -H", wrap: before("out.log:")},
	{name: "editor's numbers", wrap: each(func(n int, s string) string { return fmt.Sprintf("%4d | %s", n+1, s) })},
	{name: "vim's numbers", wrap: each(func(n int, s string) string { return fmt.Sprintf("%5d %s", n+1, s) })},
	{name: "nl", wrap: each(func(n int, s string) string {
		if s == "" {
			return "       "
		}
		return fmt.Sprintf("%6d  %s", n+1, s)
	})},

	{name: "blank lines doubled", wrap: func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") }},
	{name: "blank lines gone", wrap: func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n") }},
	{name: "wrapped at 80", wrap: wrapped(80)},
	{name: "wrapped at 120", wrap: wrapped(120)},
	{name: "folded at 80", wrap: folded(80), loses: true},
	{name: "coloured", wrap: each(func(_ int, s string) string { return "\x1b[32m" + s + "\x1b[0m" })},
	{name: "coloured within", wrap: each(func(_ int, s string) string {
		if at := strings.IndexByte(s, ' '); at > 0 {
			return s[:at] + "\x1b[1;31m" + s[at:] + "\x1b[m"
		}
		return s
	})},
	{name: "script", file: "typescript", wrap: func(s string) string {
		return "Script started on 2026-03-01 10:00:00+01:00 [TERM=\"xterm\" TTY=\"/dev/pts/1\" COLUMNS=\"200\" LINES=\"50\"]\n" +
			"\x1b[?2004h\x1b]0;admin@wiki1: ~\x07\x1b[01;32madmin@wiki1\x1b[00m:\x1b[01;34m~\x1b[00m$ cat it\r\n\x1b[?2004l\r" +
			strings.ReplaceAll(s, "\n", "\r\n") + "\x1b[?2004hadmin@wiki1:~$ exit\r\n\r\nScript done on 2026-03-01 10:00:09+01:00 [COMMAND_EXIT_CODE=\"0\"]\n"
	}},
	{name: "PuTTY's log", wrap: func(s string) string {
		return "=~=~=~=~=~=~=~=~=~=~=~= PuTTY log 2026.03.01 10:00:00 =~=~=~=~=~=~=~=~=~=~=~=\r\n" + strings.ReplaceAll(s, "\n", "\r\n")
	}},
	{name: "tabs to blanks", wrap: func(s string) string { return strings.ReplaceAll(s, "\t", "        ") }},
	{name: "indented by 4", wrap: before("    ")},
	{name: "indented by 2", wrap: before("  ")},
	{name: "indented by a tab", wrap: before("\t")},
	{name: "stripped", wrap: each(func(_ int, s string) string { return strings.TrimLeft(s, " \t") })},
	{name: "trailing blanks", wrap: each(func(_ int, s string) string { return fmt.Sprintf("%-200s", s) })},
	{name: "blanks that do not break", wrap: func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }},
	{name: "the words of a ticket around it", wrap: func(s string) string {
		return "Hi team,\nit is slow since 9:00, see below. Thread dump taken by \"kill -3\":\n\n" + s + "\nThanks,\nPat\n"
	}},
	{name: "an application's log around it", wrap: func(s string) string {
		line := "2026-03-01 09:59:58,123 INFO [main] [com.example.shop.Store] put 12 goods\n"
		return strings.Repeat(line, 30) + s + strings.Repeat(line, 30)
	}},
	{name: "much of an application's log before it", wrap: func(s string) string {
		return strings.Repeat("2026-03-01 09:59:58,123 INFO [main] [com.example.shop.Store] put 12 goods\n", 6000) + s
	}, losesJSON: true},

	{name: "gzip", file: "x.gz", wrap: gzipped},
	{name: "gzip without its name", wrap: gzipped},
	{name: "zstd", file: "x.zst", wrap: zstandard},
	{name: "base64", wrap: func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }, loses: true},
}

// quotedPrintable escapes what mail programs do.
func quotedPrintable(s string) string {
	s = strings.ReplaceAll(s, "=", "=3D")
	var parts []string
	for len(s) > 75 {
		at := 75
		for strings.ContainsRune(s[at-2:at], '=') {
			at--
		}
		parts, s = append(parts, s[:at]+"="), s[at:]
	}
	return strings.Join(append(parts, s), "\n")
}
