package redact

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func threadDump(size int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "\"http-nio-8090-exec-%d\" #%d daemon prio=5 os_prio=0 cpu=%d.12ms elapsed=45.67s tid=0x00007f%08x nid=0x%x waiting on condition  [0x00007f1230000000]\n"+
			"   java.lang.Thread.State: TIMED_WAITING (parking)\n\tat jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n"+
			"\t- parking to wait for  <0x%016x> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)\n", i, i+20, i, i*977, i, i*4711)
		for f := range 30 {
			fmt.Fprintf(&b, "\tat org.apache.catalina.core.ApplicationFilterChain.internalDoFilter%d(ApplicationFilterChain.java:%d)\n", f, 100+f)
		}
		if i%10 == 0 {
			b.WriteString("\tat com.example.auth.TokenStore.get(TokenStore.java:123)\n")
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

func gcLog(size int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "[2024-01-01T10:00:%02d.%03d+0000][%d.5s][info][gc,heap     ] GC(%d) Eden regions: %d->0(%d)\n", i%60, i%1000, i, i, i%200, i%300)
	}
	return []byte(b.String())
}

// accessLog has a URL, a referrer and an agent a line.
func accessLog(size int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "10.0.%d.%d - user%d [28/Nov/2026:09:%02d:%02d +0000] \"GET /rest/api/content/%d?expand=body.storage,version&limit=%d HTTP/1.1\" 200 %d %d "+
			"\"https://wiki.example.com/pages/viewpage.action?pageId=%d\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n",
			i%256, i%199, i%300, i/60%60, i%60, i, i%50, i*37%100000, i%900, i)
	}
	return []byte(b.String())
}

// appLog has messages, and a stack trace now and then.
func appLog(size int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "2026-11-28 09:%02d:%02d,%03d INFO [http-nio-8090-exec-%d] [atlassian.confluence.search.IndexQueueFlusher] flush Flushed %d entries of queue main in %d ms -- traceId: %016x\n",
			i/60%60, i%60, i%1000, i%48, i%77, i%300, uint64(i)*0x9e3779b97f4a7c15)
		if i%50 == 0 {
			b.WriteString("2026-11-28 09:00:00,123 WARN [Caesium-1-2] [hibernate.engine.jdbc.spi.SqlExceptionHelper] logExceptions SQL Error: 0, SQLState: null\norg.hibernate.exception.JDBCConnectionException: Unable to acquire JDBC Connection\n")
			for f := range 30 {
				fmt.Fprintf(&b, "\tat org.hibernate.internal.SessionImpl.fireLoad(SessionImpl.java:%d)\n\tat com.atlassian.seraph.auth.DefaultAuthenticator.login(DefaultAuthenticator.java:%d)\n", 1000+f, f)
			}
		}
	}
	return []byte(b.String())
}

// benchTexts are what a capture consists of, 16 MB each.
var benchTexts = []struct {
	name string
	make func(size int) []byte
}{{"dump", threadDump}, {"gclog", gcLog}, {"access", accessLog}, {"applog", appLog}}

const benchSize = 16 << 20

func BenchmarkText(b *testing.B) {
	known := NewSecrets()
	for i := range 300 {
		known.Learn(fmt.Sprintf("S3cr3t!%d-%x", i, i*7919))
	}
	for _, text := range benchTexts {
		content := text.make(benchSize)
		for _, set := range []struct {
			name string
			s    *Secrets
		}{{"none", NewSecrets()}, {"300", known}} {
			b.Run(text.name+"/known="+set.name, func(b *testing.B) {
				b.SetBytes(int64(len(content)))
				b.ReportAllocs()
				for b.Loop() {
					w := New(set.s).Writer(io.Discard, Text)
					_, _ = w.Write(content)
					_ = w.Close()
					if w.Total() != 0 {
						b.Fatal(w.Counts())
					}
				}
			})
		}
	}
}

// BenchmarkGrep is the peer: one look at the same texts for the commonest of our words.
func BenchmarkGrep(b *testing.B) {
	grep, err := exec.LookPath("grep")
	if err != nil {
		b.Skip(err)
	}
	for _, text := range benchTexts {
		content := text.make(benchSize)
		path := filepath.Join(b.TempDir(), text.name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		for _, words := range []struct{ name, pattern string }{{"1", "password"}, {"6", "passw|secret|token|credential|api.?key|private.key"}} {
			b.Run(text.name+"/words="+words.name, func(b *testing.B) {
				b.SetBytes(int64(len(content)))
				for b.Loop() {
					cmd := exec.Command(grep, "-ciE", words.pattern, path)
					if _, err := cmd.Output(); err != nil && cmd.ProcessState.ExitCode() > 1 { // 1: no line
						b.Fatal(err)
					}
				}
			})
		}
	}
}
