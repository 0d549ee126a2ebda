package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// What is signed is verified by minisign itself, and not when a byte of it is another.
func TestSignature(t *testing.T) {
	needTool(t, "minisign", "minisign")
	public, private, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	const password = "correct horse"
	sealed, err := minisign.EncryptKey(password, private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, sums := filepath.Join(dir, "key"), filepath.Join(dir, "SHA256SUMS")
	for path, text := range map[string]string{key: string(sealed), sums: strings.Repeat("0", 64) + "  casefile.deb\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CASEFILE_SIGN_PASSWORD", password)
	r := &release{out: dir, version: "1.2.3"}
	if err := r.sign(key); err != nil {
		t.Fatal(err)
	}
	if out := command(t, "minisign", "-V", "-m", sums, "-P", public.String()); !strings.Contains(out, "casefile 1.2.3") {
		t.Errorf("says %s", out)
	}
	if err := os.WriteFile(sums, []byte(strings.Repeat("1", 64)+"  casefile.deb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, "minisign", "-V", "-m", sums, "-P", public.String()); err == nil {
		t.Errorf("another text has the signature too: %s", out)
	}
	t.Setenv("CASEFILE_SIGN_PASSWORD", "wrong")
	if err := r.sign(key); err == nil {
		t.Error("signed with a wrong password")
	}
}
