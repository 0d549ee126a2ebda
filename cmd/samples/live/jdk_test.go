package live

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A tree of homes: a link to a JDK, a JDK 8 with its inner JRE, a home without
// release file, and folders that hold no Java.
func TestFind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("uses links and shell scripts")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func(path, text string, mode os.FileMode) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	put("jvm/jdk-17/bin/java", "", 0o755)
	put("jvm/jdk-17/bin/jcmd", "", 0o755)
	put("jvm/jdk-17/release", "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\n", 0o644)
	put("jvm/jdk-17.0.9/bin/java", "", 0o755)
	put("jvm/jdk-17.0.9/release", "JAVA_VERSION=\"17.0.9\"\n", 0o644)
	put("jvm/jdk-8/bin/java", "", 0o755)
	put("jvm/jdk-8/bin/javac", "", 0o755)
	put("jvm/jdk-8/release", "JAVA_VERSION=\"1.8.0_402\"\n", 0o644)
	put("jvm/jdk-8/jre/bin/java", "", 0o755)
	put("jvm/bare/bin/java", "#!/bin/sh\necho 'openjdk version \"21.0.1\" 2023-10-17' >&2\n", 0o755)
	put("jvm/notes/bin/java", "not executable", 0o644)
	put("jvm/empty/bin/python", "", 0o755)
	put("usr/bin/other", "", 0o755)
	if err := os.Symlink(filepath.Join(root, "jvm/jdk-17"), filepath.Join(root, "jvm/default")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "jvm/jdk-8/jre/bin/java"), filepath.Join(root, "usr/bin/java")); err != nil {
		t.Fatal(err)
	}

	got := find(t.Context(), []string{"", filepath.Join(root, "usr"), filepath.Join(root, "jvm/*"), filepath.Join(root, "none/*")})
	at := func(name string) string { return filepath.Join(root, "jvm", name) }
	want := []JDK{
		{Home: at("jdk-8"), Version: "1.8.0_402", Major: 8},
		{Home: at("jdk-17.0.9"), Version: "17.0.9", Major: 17},
		{Home: at("jdk-17"), Version: "17.0.15", Major: 17},
		{Home: at("bare"), Version: "21.0.1", Major: 21},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
	for tool, want := range map[string]bool{"jcmd": true, "jmap": false} {
		path, ok := got[2].Has(tool)
		if ok != want || filepath.Base(path) != tool+exe() {
			t.Errorf("Has(%s) = %s, %v", tool, path, ok)
		}
	}
}

func TestPlacesOfEnvironment(t *testing.T) {
	env := map[string]string{"JAVA_HOME": "/jh", "HOME": "/home/x", "PATH": fmt.Sprintf("relative%c/p/bin", filepath.ListSeparator)}
	got := places(func(k string) string { return env[k] })[:2]
	if d := cmp.Diff([]string{"/jh", filepath.FromSlash("/p")}, got); d != "" {
		t.Error(d)
	}
}
