package entries

// Who writes lines of the ledger and entries.
const (
	CollectorJVM      = "jvm"
	CollectorGo       = "goproc"
	CollectorHost     = "host"
	CollectorTiming   = "timing"
	CollectorDatabase = "database"
	CollectorKube     = "kubernetes" // what Kubernetes says of a pod
	CollectorAgent    = "agent"      // of a node
	CollectorFleet    = "fleet"      // what reaches out to the nodes
	CollectorRedact   = "redact"     // the scrubber
	CollectorReport   = "report"     // the analysis at the end of a capture
)

// Folders of a bundle: nodes/<node>/<kind>/<target>/<entry>; the host, the timing and the pod of a node are their own targets.
const (
	FolderNodes    = "nodes"
	FolderJVM      = "jvm"
	FolderGo       = "go"
	FolderHost     = "host"
	FolderTiming   = "timing"
	FolderDatabase = "database"
	FolderKube     = "kubernetes"
	FolderErrors   = "errors" // of a node: what casefile kept of its own failures
)

// folders are where the entries of a collector lie.
var folders = map[string]string{
	CollectorJVM: FolderJVM, CollectorGo: FolderGo, CollectorHost: FolderHost, CollectorTiming: FolderTiming,
	CollectorDatabase: FolderDatabase, CollectorKube: FolderKube,
}

// FolderOf is where the entries of a collector lie below their node.
func FolderOf(collector string) string {
	if folder, known := folders[collector]; known {
		return folder
	}
	return collector
}
