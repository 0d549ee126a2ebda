package login

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResolveCredential(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"A": "conf:pass:word", "E": ""}[name]
		return v, ok
	}
	for _, c := range []struct{ reference, user, wantUser, wantPassword string }{
		{"env:A", "", "conf", "pass:word"},
		{"env:A", "u", "u", "conf:pass:word"},
		{write("plain", "u:secret\r\n", 0o600), "", "u", "secret"},
		{write("group", "secret", 0o640), "u", "u", "secret"},
		{"env:B", "", "", ""},
		{"env:E", "u", "", ""},
		{write("open", "u:secret", 0o644), "", "", ""},
		{write("lines", "-----BEGIN\nkey\n", 0o600), "u", "", ""},
		{write("long", strings.Repeat("x", 600), 0o600), "u", "", ""},
		{write("no-user", "secret", 0o600), "", "", ""},
		{"file:" + dir, "u", "", ""},
		{"file:" + dir + "/missing", "u", "", ""},
		{"secret", "u", "", ""},
	} {
		got, err := Resolve(c.reference, c.user, env)
		if c.wantUser == "" {
			if err == nil {
				t.Errorf("%s: taken", c.reference)
			} else if strings.Contains(err.Error(), "secret") && !strings.Contains(c.reference, "file:") {
				t.Errorf("%s: error tells %v", c.reference, err)
			}
			continue
		}
		if err != nil || got.User != c.wantUser || got.Password != c.wantPassword {
			t.Errorf("%s: %v, %v", c.reference, got, err)
		}
	}
	c := &Credential{"u", "hunter2"}
	if err := c.Hide(errors.New("failed with hunter2 as password")); strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
