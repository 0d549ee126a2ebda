package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// said is what casefile says of a capture.
type said struct {
	Findings []finding
	Loss     []account
}

type finding struct {
	ID, Severity, Subject, Title string
	Advice                       []struct{ Action, Setting, From, To string }
}

// account is where a process's time went.
type account struct {
	Subject string
	Parts   []part // of request threads
	Pools   []struct {
		Name  string
		Parts []part
	}
}

type part struct {
	Kind, Where string
	Share       float64
	ClaimedBy   string `json:"claimed_by"`
}

// seen is a program in a capture, which is kept with it.
type seen struct {
	Name, Server, JDK string
	Sick              bool
	PID               int
}

func (p *program) seen(jdk live.JDK) seen {
	return seen{p.fault.Name, p.fault.Server, jdk.Version, p.sick, p.cmd.Process.Pid}
}

// capture gives the bundle of the programs, begun some seconds after they began to serve.
func (l *lab) capture(ctx context.Context, t *testing.T, running []*program) string {
	f := running[0].fault
	duration, dumps, apart, settle := 20*time.Second, 5, 4*time.Second, 10*time.Second
	if f.Kind {
		duration, dumps, apart, settle = 13*time.Second, 4, 4*time.Second, 5*time.Second
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
	}
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	if l.keep != "" {
		path = filepath.Join(l.keep, strings.ReplaceAll(fmt.Sprintf("%s-%s-%d.tar.zst", f.Name, f.Server, running[0].cmd.Process.Pid), "/", "-"))
	}
	var pids []string
	for _, p := range running {
		pids = append(pids, "--pid", fmt.Sprint(p.cmd.Process.Pid))
	}
	collect(ctx, t, l.binary, path, duration, dumps, apart, pids)
	return path
}

func collect(ctx context.Context, t *testing.T, binary, path string, duration time.Duration, dumps int, apart time.Duration, pids []string) {
	args := append([]string{"collect", "--duration", duration.String(), "--dumps", fmt.Sprint(dumps), "--dump-interval", apart.String(), "--out", path}, pids...)
	var exit *exec.ExitError
	if out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		t.Fatalf("collect: %v\n%s", err, out)
	}
}

// analyze gives what casefile finds at warning or above in a bundle, and the accounts.
func analyze(ctx context.Context, t *testing.T, binary, path string) (all said) {
	var stdout bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, "analyze", "--output", "json", path)
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("analyze: %v", err)
	}
	if err := json.Unmarshal(stdout.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// of keeps the warnings about one process, and its account.
func (s said) of(pid int) (own []finding, a account) {
	for _, f := range s.Findings {
		if subject(f.Subject, pid) && f.Severity != "info" {
			own = append(own, f)
		}
	}
	for _, one := range s.Loss {
		if subject(one.Subject, pid) {
			a = one
		}
	}
	return own, a
}

func subject(name string, pid int) bool {
	rest, ok := strings.CutPrefix(name, fmt.Sprint(pid))
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9') || strings.HasSuffix(name, fmt.Sprintf("-%d", pid))
}

// lost is the share of the time that was lost, and how much of that findings claim: of request threads, else of the pools.
func (a account) lost() (lost, claimed float64) {
	lists := [][]part{a.Parts}
	if len(a.Parts) == 0 {
		for _, p := range a.Pools {
			lists = append(lists, p.Parts)
		}
	}
	for _, list := range lists {
		for _, p := range list {
			switch p.Kind {
			case "idle", "cpu", "running":
				continue
			}
			lost += p.Share
			if p.ClaimedBy != "" {
				claimed += p.Share
			}
		}
	}
	return lost, claimed
}

// TestKept judges captures again that TestLab has kept in CASEFILE_LAB_KEEP: of all folders of CASEFILE_LAB_KEPT, a list with colons.
func TestKept(t *testing.T) {
	binary, folder := os.Getenv("CASEFILE_LAB"), os.Getenv("CASEFILE_LAB_KEPT")
	if binary == "" || folder == "" {
		t.Skip("CASEFILE_LAB_KEPT names no folder of captures")
	}
	only := regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY"))
	var lists []string
	for _, dir := range filepath.SplitList(folder) {
		found, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, found...)
	}
	m := &matrix{}
	defer m.report(t)
	for _, list := range lists {
		var k kept
		text, err := os.ReadFile(list)
		if err == nil {
			err = json.Unmarshal(text, &k)
		}
		if err != nil {
			t.Fatal(err)
		}
		m.words = k.Words
		var found *said
		for _, s := range k.Seen {
			if !only.MatchString(s.Name + "/" + s.Server) {
				continue
			}
			if found == nil {
				all := analyze(t.Context(), t, binary, strings.TrimSuffix(list, ".json"))
				found = &all
			}
			m.add(t, s, *found)
		}
	}
}

// kept is what is known of a capture.
type kept struct {
	Words words
	Seen  []seen
}

func (l *lab) note(t *testing.T, path string, list []seen) {
	if l.keep == "" {
		return
	}
	text, err := json.Marshal(kept{l.words, list})
	if err == nil {
		err = os.WriteFile(path+".json", text, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
