package main

import (
	"path/filepath"
	"slices"
	"testing"
)

// fitting are the licences that may go with the binary: whoever gets it has to be given their text, and with MPL-2.0 the way to the source.
var fitting = []string{"MPL-2.0", "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "Unlicense", "Zlib"}

// Each module of the binaries has terms, and they let it go with a binary under the terms of casefile.
func TestLicences(t *testing.T) {
	list, err := (&release{source: filepath.Join("..", "..")}).linked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(m module) bool { return m.path == standard }) || len(list) < 10 {
		t.Errorf("%d modules", len(list))
	}
	for _, m := range list {
		for _, id := range m.ids {
			if !slices.Contains(fitting, id) {
				t.Errorf("%s %s is under %s", m.path, m.version, id)
			}
		}
	}
}
