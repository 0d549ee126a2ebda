// Package samples carries the sample programs, so that tests, benchmarks and
// the demo can start them from one binary.
package samples

import (
	"embed"
	"io/fs"
)

//go:embed java
var files embed.FS

// Java returns the sources of the Java samples: the root of their packages.
func Java() fs.FS {
	sub, err := fs.Sub(files, "java")
	if err != nil {
		return files // not reached: the name is valid
	}
	return sub
}
