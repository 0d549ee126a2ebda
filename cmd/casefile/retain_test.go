package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRetain(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	others := []string{"casefile-notes.txt", "backup.tar.zst", "casefile-n1-20260101T000000Z.tar.zst.sav", "casefile-n1-99999999T999999Z.tar.zst"}
	for value, want := range map[string]string{
		"1": "28", "2": "28 27", "30h": "28 27", "2d": "28 27", "36500d": "28 27 20", "250B": "28 27", "10B": "28", "1GB": "28 27 20",
	} {
		dir := t.TempDir()
		put := func(name string) {
			if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 60), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, day := range []string{"20", "27", "28"} {
			put("casefile-n1-202611" + day + "T100000Z.tar.zst.age.001")
			put("casefile-n1-202611" + day + "T100000Z.html")
		}
		for _, name := range others {
			put(name)
		}
		if err := os.Mkdir(filepath.Join(dir, "casefile-n1-20200101T100000Z.zip"), 0o700); err != nil {
			t.Fatal(err)
		}
		var r retain
		if err := r.Set(value); err != nil {
			t.Fatal(err)
		}
		if _, err := r.clean(filepath.Join(dir, "casefile-n1-20261128T100000Z.tar.zst.age"), now); err != nil {
			t.Fatal(err)
		}
		for _, day := range []string{"20", "27", "28"} {
			for _, end := range []string{".tar.zst.age.001", ".html"} {
				_, err := os.Stat(filepath.Join(dir, "casefile-n1-202611"+day+"T100000Z"+end))
				if (err == nil) != strings.Contains(want, day) {
					t.Errorf("--retain %s: of day %s: %v", value, day, err)
				}
			}
		}
		for _, name := range append(others, "casefile-n1-20200101T100000Z.zip") {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("--retain %s removed %s", value, name)
			}
		}
	}
	for _, bad := range []string{"0", "-1", "", "x", "5 apples", "-3h"} {
		if (&retain{}).Set(bad) == nil {
			t.Errorf("--retain %q is taken", bad)
		}
	}
}
