package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"casefile/bundle"
	"casefile/bundle/seal"
)

// sealKeys makes key.txt and ssh, the keys of recipients.txt, and other.txt, which opens nothing.
func sealKeys(ts *testscript.TestScript, _ bool, _ []string) {
	write := func(name, text string) { ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600)) }
	id, err := age.GenerateX25519Identity()
	ts.Check(err)
	other, err := age.GenerateX25519Identity()
	ts.Check(err)
	public, secret, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	block, err := ssh.MarshalPrivateKey(secret, "")
	ts.Check(err)
	sshPublic, err := ssh.NewPublicKey(public)
	ts.Check(err)
	write("key.txt", id.String()+"\n")
	write("other.txt", other.String()+"\n")
	write("ssh", string(pem.EncodeToMemory(block)))
	write("ssh.pub", string(ssh.MarshalAuthorizedKey(sshPublic)))
	stranger, _, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	strangerPublic, err := ssh.NewPublicKey(stranger)
	ts.Check(err)
	write("other.pub", string(ssh.MarshalAuthorizedKey(strangerPublic)))
	write("recipients.txt", "# support\n"+id.Recipient().String()+"\n"+string(ssh.MarshalAuthorizedKey(sshPublic)))
}

// changeFile replaces a text in a file: change file from to.
func changeFile(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s: no %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// TestKilledWhileSealing kills captures in their middle: all they leave on the disk is sealed, and what the recipient
// can open was captured until then.
func TestKilledWhileSealing(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "casefile")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	service := filepath.Join(t.TempDir(), "busy")
	if out, err := exec.Command("go", "build", "-o", service, "casefile/cmd/samples/busy").CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	const marker = "MarkerOfThePlainText"
	for name, nodes := range map[string][]string{"one node": nil, "cluster": {"--node", "local"}} {
		t.Run(name, func(t *testing.T) {
			busy := exec.Command(service, "-addr", "127.0.0.1:0")
			busy.Env = append(os.Environ(), "MARK="+marker)
			ready, err := busy.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := busy.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = busy.Process.Kill(), busy.Wait() }()
			if _, err := bufio.NewReader(ready).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			work := t.TempDir()
			args := append([]string{"collect", "--app", "busy", "--duration", "30s", "--dumps", "30", "--dump-interval", "1s", "--output", "jsonl",
				"--out", "b.tar.zst.age", "--encrypt-to", id.Recipient().String()}, nodes...)
			cmd := exec.Command(program, args...)
			cmd.Dir = work
			cmd.Env = append(os.Environ(), "TMPDIR="+work, "HOME="+work)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines, n := bufio.NewScanner(out), 0
			for n < 12 && lines.Scan() { // progress: captures are under way
				n++
			}
			_, _ = cmd.Process.Kill(), cmd.Wait()
			if n < 12 {
				t.Fatalf("it ended by itself after %d lines: %s", n, errs.String())
			}
			files := onlySealed(t, work, marker)
			if len(files) == 0 {
				t.Fatal("nothing was left: the test proves nothing")
			}
			ctx := seal.With(context.Background(), &seal.Keys{Identities: []age.Identity{id}})
			opened := 0
			for _, f := range files {
				if strings.HasSuffix(f, ".age") || strings.HasSuffix(f, ".new") { // a spool is for nobody
					r, err := bundle.Open(ctx, f)
					if err != nil || r.Cut == nil {
						t.Errorf("%s: %v", f, err)
						continue
					}
					opened += len(r.Manifest.Entries)
				}
			}
			t.Logf("%d files, %d entries readable to the recipient", len(files), opened)
		})
	}
}

// onlySealed lists the files of a folder; each must begin like a sealed one, or be empty.
func onlySealed(t *testing.T, dir, marker string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil || len(b) == 0 || filepath.Base(name) == "used-ids" {
			return err
		}
		files = append(files, name)
		if !seal.IsSealed(b) || bytes.Contains(b, []byte(marker)) || bytes.Contains(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
			t.Errorf("%s is not sealed: it begins with %q", name, b[:min(len(b), 20)])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
