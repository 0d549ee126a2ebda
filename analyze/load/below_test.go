package load

import (
	"os"
	"path/filepath"
	"testing"

	"casefile/analyze"
)

func TestBelow(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"a/n1", "a/n2", "b"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("a/n1/gc.log", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	at, err := filepath.Abs("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{[]string{"a/n1/gc.log"}, "a/n1"},
		{[]string{"a/n1"}, "a/n1"},
		{[]string{"a/n1", "a/n2"}, "a"},
		{[]string{"a/n1/gc.log", "a/n2"}, "a"},
		{[]string{"a", "b"}, ""},
		{[]string{"gc.log"}, ""},
		{[]string{Stdin}, ""},
		{[]string{at}, at},
		{[]string{at + "/n1", at + "/n2/"}, at},
		{[]string{"/gone"}, ""},
	} {
		if got := below(c.paths); got != c.want {
			t.Errorf("%q lie in %q, want %q", c.paths, got, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	for _, c := range [][3]string{
		{"/srv/x", "/srv/x/n1/a.txt", "n1/a.txt"},
		{"/srv/x", "/srv/xy/a.txt", "/srv/xy/a.txt"},
		{"/srv/x", "/srv/x", "/srv/x"},
		{`C:\x`, `C:\x\a.txt`, "a.txt"},
		{"", "a.txt", "a.txt"},
	} {
		if got := (&analyze.Case{Below: c[0]}).Short(c[1]); got != c[2] {
			t.Errorf("%s below %s: %s, want %s", c[1], c[0], got, c[2])
		}
	}
}
