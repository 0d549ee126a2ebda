package report

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var preview = flag.String("preview", "", "write report.html of the sample and of the corpus into this folder, to look at")

func TestPreview(t *testing.T) {
	if *preview == "" {
		t.Skip("no -preview folder given")
	}
	write := func(name string, c func() error) {
		if err := c(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	f, err := os.Create(filepath.Join(*preview, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, r := sampleCase(t)
	write("report.html", func() error { return HTML(f, c, r, sampleMeta()) })
}
