package redact

// Kind says how a text is built, so that what is left is still readable by its tools.
type Kind int

// The kinds. Documents (all from Properties to YAML) are held in memory up to MaxDocument
// bytes; a larger one is scrubbed line by line as Text.
const (
	Text       Kind = iota // logs, dumps, command lines, anything with lines
	Properties             // Java .properties
	XML
	JSON // one value or many after each other
	YAML
	Environ // KEY=value or arguments, separated by NUL or newline
	Hsperf  // hsperfdata: overwritten in place
	Pprof   // pprof profile, gzip or not: labels and comments
	JFR     // recordings: overwritten in place, chunk by chunk
	Binary  // known values are overwritten in place; no rules
)

var kindNames = [...]string{"text", "properties", "xml", "json", "yaml", "environ", "hsperf", "pprof", "jfr", "binary"}

func (k Kind) String() string {
	if k >= 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// textual reports whether entries of the kind consist of lines, or are documents of text.
func (k Kind) textual() bool { return k <= Environ }
