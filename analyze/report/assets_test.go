package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

var updateAssets = flag.Bool("update-assets", false, "write assets/min anew")

// The page carries styles and scripts without what only we read of them: make assets writes these from the sources.
func TestAssetsAreMinified(t *testing.T) {
	for _, name := range []string{"style.css", "script.js", "stacks.js", "report.js"} {
		source, err := os.ReadFile(filepath.Join("assets", name))
		if err != nil {
			t.Fatal(err)
		}
		loader := api.LoaderJS
		if strings.HasSuffix(name, ".css") {
			loader = api.LoaderCSS
		}
		out := api.Transform(string(source), api.TransformOptions{Loader: loader, Sourcefile: name, Target: api.ES2021, Charset: api.CharsetUTF8,
			MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone})
		// "none}}@media" reads as user, password and host: the scrubber, which goes over the page too, would replace it.
		out.Code = bytes.ReplaceAll(out.Code, []byte("}@"), []byte("}\n@"))
		for _, e := range append(out.Errors, out.Warnings...) {
			t.Errorf("%s: %s", name, e.Text)
		}
		path := filepath.Join("assets", "min", name)
		if *updateAssets {
			if err := os.WriteFile(path, out.Code, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != string(out.Code) {
			t.Errorf("%s is not what %s makes: run make assets (%v)", path, name, err)
		}
	}
}
