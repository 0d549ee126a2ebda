package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// program is one running program of the lab.
type program struct {
	fault Fault
	sick  bool
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

// start runs a program and puts load on it until the test ends or it is stopped.
func (l *lab) start(ctx context.Context, t *testing.T, jdk live.JDK, f Fault, sick bool) *program {
	heap := "256m"
	if f.Heap != "" && sick {
		heap = f.Heap
	}
	mode := map[bool]string{true: "sick", false: "healthy"}[sick]
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin/java"), "-Xms"+heap, "-Xmx"+heap, "-XX:+HeapDumpOnOutOfMemoryError",
		"-Xlog:gc*,safepoint:file="+filepath.Join(dir, "gc.log")+":time,uptime,level,tags:filecount=3,filesize=10m",
		"-cp", l.parts.classpath, "com.acme.lab.Main", f.Server, f.Name, mode, l.jdbc)
	if f.Server == goServer {
		cmd = exec.CommandContext(ctx, l.parts.goshop, f.Name, mode)
	}
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if f.Unread && sick {
		cmd.Stdout = unread(t, out)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{fault: f, sick: sick, cmd: cmd, stdin: stdin}
	t.Cleanup(p.stop)
	port := regexp.MustCompile(`(?m)^port (\d+)$`)
	await(ctx, t, func() error {
		said, err := os.ReadFile(out.Name())
		if err != nil {
			return err
		}
		m := port.FindSubmatch(said)
		if m == nil {
			return fmt.Errorf("%s/%s does not serve:\n%s", f.Name, f.Server, said)
		}
		p.url = "http://127.0.0.1:" + string(m[1]) + "/shop/item"
		return nil
	})
	go p.load(ctx)
	return p
}

// load keeps 20 requests open at the sick, and sends some to the healthy.
func (p *program) load(ctx context.Context) {
	clients, pause := 20, time.Duration(0)
	if !p.sick {
		clients, pause = 4, 50*time.Millisecond
	}
	if p.fault.Finds == "" && p.fault.Name == "idle" {
		clients, pause = 1, time.Second
	}
	if f := p.fault; f.Clients > 0 {
		clients, pause = f.Clients, 20*time.Millisecond
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range clients {
		go func() {
			for ctx.Err() == nil {
				resp, err := client.Get(p.url)
				if err != nil {
					time.Sleep(200 * time.Millisecond)
					if p.cmd.ProcessState != nil {
						return
					}
					continue
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				time.Sleep(pause)
			}
		}()
	}
}

func (p *program) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	p.stdin.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// unread is a pipe of which only the first line is read, into a file.
func unread(t *testing.T, into *os.File) *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	name := into.Name()
	go func() {
		line := make([]byte, 64)
		n, _ := r.Read(line) // what fails is seen by who waits for the line
		os.WriteFile(name, line[:n], 0o644)
	}()
	return w
}
