package entries

// Who writes lines of the ledger and entries.
const (
	CollectorJVM      = "jvm"
	CollectorGo       = "goproc"
	CollectorHost     = "host"
	CollectorTiming   = "timing"
	CollectorDatabase = "database"
	CollectorAgent    = "agent"  // of a node
	CollectorFleet    = "fleet"  // what reaches out to the nodes
	CollectorRedact   = "redact" // the scrubber
	CollectorReport   = "report" // the analysis at the end of a capture
)

// Folders of a bundle: nodes/<node>/<kind>/<target>/<entry>; the host and the timing of a node are their own targets.
const (
	FolderNodes    = "nodes"
	FolderJVM      = "jvm"
	FolderGo       = "go"
	FolderHost     = "host"
	FolderTiming   = "timing"
	FolderDatabase = "database"
	FolderErrors   = "errors" // of a node: what casefile kept of its own failures
)

// folders are where the entries of a collector lie.
var folders = map[string]string{
	CollectorJVM: FolderJVM, CollectorGo: FolderGo, CollectorHost: FolderHost, CollectorTiming: FolderTiming,
	CollectorDatabase: FolderDatabase,
}

// FolderOf is where the entries of a collector lie below their node.
func FolderOf(collector string) string {
	if folder, known := folders[collector]; known {
		return folder
	}
	return collector
}
