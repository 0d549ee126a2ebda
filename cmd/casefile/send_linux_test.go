package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// countingSSH is an ssh that keeps what is sent through it.
const countingSSH = `#!/bin/sh
tee %[1]s/later | %[2]s -F %[1]s/ssh_config "$@"
`

func TestSendBySFTP(t *testing.T) {
	s := startSSHD(t)
	ssh, err := exec.LookPath("ssh")
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
	b := make([]byte, 8<<20)
	rand.NewChaCha8([32]byte{3}).Read(b)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	send := func(folder string) (string, error) {
		cmd := exec.Command(program, "send", file, "--upload", "sftp://root@127.0.0.1:"+s.port+folder)
		cmd.Env = append(os.Environ(), "PATH="+s.client+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	target := t.TempDir()

	// what an interrupted upload left: its first 5 MiB, the last bytes of which are not right
	sum := sha256.Sum256(b)
	mark := strings.NewReplacer("/", "_", "+", "-").Replace(base64.StdEncoding.EncodeToString(sum[:]))[:12]
	left := append(bytes.Clone(b[:5<<20]), "torn"...)
	if err := os.WriteFile(filepath.Join(target, "b.tar.zst."+mark+".part"), left, 0o600); err != nil {
		t.Fatal(err)
	}
	s.write(t, "bin/ssh", fmt.Sprintf(countingSSH, s.dir, ssh), 0o700)
	if out, err := send(target); err != nil {
		t.Fatalf("interrupted in its middle: %v: %s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(target, "b.tar.zst"))
	if err != nil || !bytes.Equal(got, b) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if files, _ := os.ReadDir(target); len(files) != 1 {
		t.Errorf("%d files are left", len(files))
	}
	if later, err := os.Stat(filepath.Join(s.dir, "later")); err != nil || later.Size() > 4<<20 {
		t.Errorf("what was there was sent again: %v, %v", later, err)
	}

	s.write(t, "bin/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s/ssh_config \"$@\"\n", ssh, s.dir), 0o700)
	out, err := send(filepath.Join(target, "nowhere"))
	if err == nil || !strings.Contains(out, "there is no such place") {
		t.Errorf("a folder that is not there: %v: %s", err, out)
	}

	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m"); err != nil {
		t.Logf("no small file system: %v", err)
	} else {
		out, err = send(small)
		if err == nil || !strings.Contains(out, "the target is full") {
			t.Errorf("a full target: %v: %s", err, out)
		}
		_ = syscall.Unmount(small, 0)
	}

	s.write(t, "ssh_config", strings.Replace(s.read(t, "ssh_config"), "/user\n", "/other\n", 1), 0o600)
	out, err = send(target)
	if err == nil || !strings.Contains(out, "Permission denied") || !strings.Contains(out, "refused: the credentials are wrong") {
		t.Errorf("a wrong key: %v: %s", err, out)
	}
	s.write(t, "known_hosts", "[127.0.0.1]:"+s.port+" "+s.read(t, "other.pub"), 0o600)
	out, err = send(target)
	if err == nil || !strings.Contains(out, "Host key verification failed") {
		t.Errorf("another host's key: %v: %s", err, out)
	}
}
