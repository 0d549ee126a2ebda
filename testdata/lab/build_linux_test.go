package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// parts are what the programs are made of.
type parts struct {
	classpath string
	goshop    string
}

// build fetches the parts and compiles the programs.
func build(ctx context.Context, t *testing.T, w words) (p parts) {
	dir := t.TempDir()
	p.goshop = filepath.Join(dir, "goshop")
	run(ctx, t, "go", "build", "-C", "goshop", "-trimpath", "-o", p.goshop, ".") // a module of its own, for what it needs
	jars := fetch(ctx, t, "pom.xml", "jars")
	classes, sources := filepath.Join(dir, "classes"), filepath.Join(dir, "sources")
	p.classpath = classes + ":" + jars + "/*"
	args := []string{"--release", "17", "-d", classes, "-cp", jars + "/*"}
	found, err := filepath.Glob("java/com/acme/*/*.java")
	if err != nil {
		t.Fatal(err)
	}
	for i, source := range found {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		renamed := filepath.Join(sources, fmt.Sprint(i), filepath.Base(source))
		if err := errors.Join(os.MkdirAll(filepath.Dir(renamed), 0o755), os.WriteFile(renamed, w.rename(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		args = append(args, renamed)
	}
	run(ctx, t, "javac", args...)
	return p
}

// fetch copies what a pom names into a folder of the user's cache.
func fetch(ctx context.Context, t *testing.T, pom, name string) (folder string) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(cache, "casefile-lab", name)
	run(ctx, t, "mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory="+folder)
	return folder
}

// words are the names that are made up anew for each run, by those in the sources and in the tables: all that begin with Zz or zz.
type words map[string]string

var placeholder = regexp.MustCompile(`\b[Zz]z[A-Za-z]+`)

func newWords() words { return words{} }

func (w words) rename(text []byte) []byte {
	return placeholder.ReplaceAllFunc(text, func(name []byte) []byte { return []byte(w.of(string(name))) })
}

func (w words) of(name string) string {
	if w[name] == "" {
		w[name] = word()
		if name[0] == 'Z' {
			w[name] = strings.ToUpper(w[name][:1]) + w[name][1:]
		}
	}
	return w[name]
}

// word makes a word of three syllables or four, which no language has reserved.
func word() string {
	var b bytes.Buffer
	for range 3 + rand.IntN(2) {
		b.WriteByte("bdfgklmnprstv"[rand.IntN(13)])
		b.WriteByte("aeiou"[rand.IntN(5)])
	}
	return b.String()
}

func run(ctx context.Context, t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// postgres starts a server of the lab's own on loopback; empty where there is none to start.
func postgres(ctx context.Context, t *testing.T) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	bin := slices.IndexFunc(append(found, "/usr/local/bin", "/usr/bin"), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "initdb"))
		return err == nil
	})
	if bin < 0 {
		t.Log("no PostgreSQL here: faults that need it are left out (apt-get install postgresql)")
		return ""
	}
	dir := append(found, "/usr/local/bin", "/usr/bin")[bin]
	data, err := os.MkdirTemp("", "casefile-lab-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	nobody := live.Nobody()
	as := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		as.Credential = &syscall.Credential{Uid: uint32(nobody.UID), Gid: uint32(nobody.GID)}
		if err := os.Chown(data, int(nobody.UID), int(nobody.GID)); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, filepath.Join(dir, name), args...)
		c.SysProcAttr, c.Dir = as, data
		return c
	}
	if out, err := command("initdb", "-D", data+"/db", "-U", "lab", "--auth=trust").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	port := freePort(t)
	server := command("postgres", "-D", data+"/db", "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=600")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Signal(os.Interrupt); server.Wait() })
	await(ctx, t, func() error {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err
	})
	return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=lab"
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// await tries for a minute.
func await(ctx context.Context, t *testing.T, try func() error) {
	t.Helper()
	if err := attempt(ctx, time.Minute, try); err != nil {
		t.Fatal(err)
	}
}

// attempt gives the last error of tries over some time.
func attempt(ctx context.Context, long time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
