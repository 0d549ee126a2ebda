package hostile

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"strings"
)

// texts are logs and what is none.
func texts() []Input {
	return []Input{
		file("no-line-end.log", "", func(w *bufio.Writer, size float64) error { return copyOf(w, "a", mb(95, size)) }),
		file("nul.log", "", func(w *bufio.Writer, size float64) error { return copyOf(w, "\x00", mb(95, size)) }),
		file("utf16.log", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("\xff\xfe"); err != nil {
				return err
			}
			return copyOf(w, "a\x00", mb(95, size))
		}),
		file("blanks.log", "", func(w *bufio.Writer, size float64) error { return copyOf(w, " \t", mb(95, size)) }),
		file("line-ends.log", "", func(w *bufio.Writer, size float64) error { return copyOf(w, "\n", mb(50, size)) }),
		file("noise.log", "", func(w *bufio.Writer, size float64) error {
			random := rand.NewChaCha8([32]byte{})
			buf := make([]byte, 1<<20)
			for range scaled(95, size) {
				_, _ = random.Read(buf)
				if _, err := w.Write(buf); err != nil {
					return err
				}
			}
			return nil
		}),
		file("braces.log", "", func(w *bufio.Writer, size float64) error { return copyOf(w, "{", mb(60, size)) }),
		file("json-lines.log", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(95, size), 1<<30, `{"log":"`+strings.Repeat(`\n`, 2000)+`%d\n","stream":"stdout","time":"2026-11-28T10:00:00Z"}`+"\n")
		}),
		file("classes.log", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(95, size), 1<<30, "2026-11-28 10:00:00,000 ERROR [http-%[1]d] [core.Foo%[1]d] com.example.Class%[1]dException: %[1]d\n\tat com.example.Class%[1]d.run(Class%[1]d.java:1)\n")
		}),
		file("years.log", "", func(w *bufio.Writer, size float64) error {
			for i := range scaled(1_000_000, size) {
				if _, err := fmt.Fprintf(w, "%04d-%02d-%02d 10:00:00,000 ERROR [main] [core.Foo] java.lang.OutOfMemoryError: %d\n", 1+i%9998, 1+i%12, 1+i%28, i); err != nil {
					return err
				}
			}
			return nil
		}),
		file("access_log.txt", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(95, size), 1<<30, `10.0.0.1 - user%[1]d [28/Nov/2026:10:00:00 +0000] "GET /page/%[1]d/x%[1]d HTTP/1.1" 200 %[1]d %[1]d`+"\n")
		}),
		file("access_long.txt", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(95, size), 1<<30, `10.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "GET /`+strings.Repeat("x/", 20_000)+`%d HTTP/1.1" 200 1 999999999999999999999`+"\n")
		}),
		file("top.txt", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("top - 10:00:00 up 1 day,  1 user,  load average: 1.00, 1.00, 1.00\nThreads: 10 total,   1 running\n%Cpu(s):  1.0 us\n\n    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, "%7[1]d app       20   0 1000000 100000  10000 R  99.9   1.0   1:00.00 thread-%[1]d\n")
		}),
	}
}
