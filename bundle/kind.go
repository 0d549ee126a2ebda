package bundle

import (
	"path"
	"strings"

	"casefile/bundle/redact"
)

// kinds tells by the end of an entry's name how its content is scrubbed; what
// is not listed is text.
var kinds = []struct {
	suffix string
	kind   redact.Kind
}{
	{".hsperfdata", redact.Hsperf},
	{".pb.gz", redact.Pprof},
	{".jfr", redact.JFR},
	{".xml", redact.XML},
	{".json", redact.JSON},
	{".yaml", redact.YAML},
	{".yml", redact.YAML},
	{".properties", redact.Properties},
	{"/environ", redact.Environ},
	{"/cmdline", redact.Environ}, // an option and its value may stand on two lines
}

// KindOf returns how the content of an entry or file of that name is scrubbed.
func KindOf(name string) redact.Kind {
	name = strings.ToLower("/" + path.Clean(name))
	for _, k := range kinds {
		if strings.HasSuffix(name, k.suffix) {
			return k.kind
		}
	}
	return redact.Text
}
