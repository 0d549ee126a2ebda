package live

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/jdk"
)

// JDK is one installation that can run Java programs; it may be a mere JRE.
type JDK struct {
	Home    string // real path of the folder that holds bin/java
	Version string // as in its release file: "17.0.15", "1.8.0_402"
	Major   int    // 8, 17, 25; 0 when the version cannot be told
}

// Has returns the path of a tool such as "jcmd"; a JRE lacks most of them.
func (j JDK) Has(tool string) (string, bool) {
	path := filepath.Join(j.Home, "bin", tool+exe())
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

func exe() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// places are the folders, as patterns, that hold Java homes on the systems we know.
func places(getenv func(string) string) []string {
	list := []string{getenv("JAVA_HOME")}
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		if filepath.IsAbs(dir) {
			// bin/java is often a link into the home, so the link is what counts.
			list = append(list, filepath.Dir(dir))
		}
	}
	home := getenv("HOME")
	return append(list,
		"/usr/lib/jvm/*",
		"/usr/java/*",
		"/opt/*", "/opt/java/*", "/opt/*/jre", "/opt/*/jdk",
		filepath.Join(home, ".sdkman/candidates/java/*"),
		filepath.Join(home, ".jdks/*"),
		"/Library/Java/JavaVirtualMachines/*/Contents/Home",
		filepath.Join(home, "Library/Java/JavaVirtualMachines/*/Contents/Home"),
		"/opt/homebrew/opt/openjdk*", "/usr/local/opt/openjdk*",
	)
}

// JDKs finds the JDKs and JREs of this machine, each once, oldest first.
func JDKs(ctx context.Context) []JDK { return find(ctx, places(os.Getenv)) }

func find(ctx context.Context, patterns []string) []JDK {
	var list []JDK
	seen := map[string]bool{}
	for _, pattern := range patterns {
		if pattern == "" {
			continue
		}
		homes, _ := filepath.Glob(pattern) // the only error is a malformed pattern: then there is nothing there
		for _, home := range homes {
			at, ok := realHome(home)
			if !ok || seen[at] {
				continue
			}
			seen[at] = true
			version := versionOf(ctx, at)
			list = append(list, JDK{Home: at, Version: version, Major: jdk.Feature(version)})
		}
	}
	slices.SortStableFunc(list, func(a, b JDK) int {
		return cmp.Or(cmp.Compare(a.Major, b.Major), compareVersions(a.Version, b.Version), cmp.Compare(a.Home, b.Home))
	})
	return list
}

// realHome follows bin/java to the folder that it really lies in. The JRE inside
// a JDK 8 stands for its JDK.
func realHome(home string) (string, bool) {
	java, err := filepath.EvalSymlinks(filepath.Join(home, "bin", "java"+exe()))
	if err != nil {
		return "", false
	}
	if info, err := os.Stat(java); err != nil || !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		return "", false
	}
	found := filepath.Dir(filepath.Dir(java))
	if outer := filepath.Dir(found); filepath.Base(found) == "jre" {
		if _, ok := (JDK{Home: outer}).Has("javac"); ok {
			return outer, true
		}
	}
	return found, true
}

var quoted = regexp.MustCompile(`version "([^"]+)"`)

// versionOf reads JAVA_VERSION="17.0.15" from the release file; without one it
// asks java itself, which says: openjdk version "17.0.15" 2025-04-15.
func versionOf(ctx context.Context, home string) string {
	release, err := os.ReadFile(filepath.Join(home, "release"))
	if err == nil {
		lines := bufio.NewScanner(bytes.NewReader(release))
		for lines.Scan() {
			if v, ok := strings.CutPrefix(lines.Text(), "JAVA_VERSION="); ok {
				return strings.Trim(v, `" `)
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, filepath.Join(home, "bin", "java"+exe()), "-version").CombinedOutput()
	if m := quoted.FindSubmatch(said); err == nil && m != nil {
		return string(m[1])
	}
	return ""
}

var numbers = regexp.MustCompile(`\d+`)

func compareVersions(a, b string) int {
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	return slices.CompareFunc(numbers.FindAllString(a, -1), numbers.FindAllString(b, -1),
		func(x, y string) int { return cmp.Compare(number(x), number(y)) })
}
