package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"unicode/utf16"

	"casefile/bundle"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// utf16Text is a text in UTF-16 with a byte order mark or without.
func utf16Text(text string, order binary.AppendByteOrder, mark bool) []byte {
	if mark {
		text = "\uFEFF" + text
	}
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// What an editor of Windows saved next to a JVM leaves none of its secrets in the bundle, in no encoding.
func TestCollectLeaksNothingWide(t *testing.T) {
	p, dir := startInFolder(t)
	secrets := map[string]string{}
	for i, f := range []struct {
		name, before, after string
	}{
		{"application-le.properties", "# Größe\r\ndb.password=", "\r\nx=1\r\n"},
		{"config/application-be.yml", "db:\n  pool: 10\n  password: >-\n    ", "\n"},
		{"config/server.xml", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<Server><Connector port=\"8443\" keystorePass=\"", "\"/></Server>\n"},
		{"config/application.json", "{\"db\":{\"url\":\"jdbc:oracle:thin:scott/", "@db:1521/x\"},\"pool\":10}\n"},
		{"application-appended.properties", "server.port=8080\nbroker.url=amqp://guest:", "@mq:5672/\n"},
	} {
		secret := fmt.Sprintf("Pl4nt!d-wide/%d-ä9", i)
		if f.name == "config/application.json" {
			secret = fmt.Sprintf("Pl4ntdwide%d9", i) // a connect string quotes nothing
		}
		secrets[f.name] = secret
		order := []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}[i%2]
		text := utf16Text(f.before+secret+f.after, order, i%4 < 2)
		if i == 4 { // >> of PowerShell to a file that was not UTF-16
			text = append([]byte("spring.application.name=shop\r\n"), text...)
		}
		name := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "casefile") // the test binary is casefile under this name
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "bundle")
	said, err := exec.Command(link, "collect", "--pid", strconv.Itoa(p.PID), "--duration", "500ms", "--dumps", "1", "--format", "dir", "--out", out).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitGaps) { // a gap leaks nothing
		t.Fatalf("%v\n%s", err, said)
	}
	found := map[string]bool{}
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for name, secret := range secrets {
			found[name] = found[name] || filepath.Base(path) == filepath.Base(name)
			for _, form := range forms(secret) {
				if bytes.Contains(b, form) {
					t.Errorf("the secret of %s is in %s as %q", name, path, form)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range secrets {
		if !found[name] {
			t.Errorf("%s was not captured", name)
		}
	}
	var m bundle.Manifest
	b, err := os.ReadFile(filepath.Join(out, bundle.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, e := range m.Entries {
		if secrets["config/"+filepath.Base(e.Path)]+secrets[filepath.Base(e.Path)] != "" {
			counted += min(e.Redactions, 1)
		}
	}
	if counted != len(secrets) {
		t.Errorf("%d of %d files are recorded as scrubbed", counted, len(secrets))
	}
}

// forms are the ways in which a secret may stand in a bundle.
func forms(secret string) [][]byte {
	return [][]byte{[]byte(secret), utf16Text(secret, binary.LittleEndian, false), utf16Text(secret, binary.BigEndian, false),
		[]byte(url.QueryEscape(secret)), []byte(base64.RawStdEncoding.EncodeToString([]byte(secret)))}
}

// startInFolder starts a JVM in a folder of its own.
func startInFolder(t *testing.T) (*live.Process, string) {
	dir := t.TempDir()
	return livetest.Start(t, livetest.Newest(t), "threads", live.Options{Dir: dir}), dir
}
