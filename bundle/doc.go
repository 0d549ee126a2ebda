// Package bundle is the file that a capture leaves behind: everything that was
// obtained on all nodes, and a ledger of what was not.
//
// # Format, version 1
//
// A bundle is a tar archive compressed with zstd, a zip archive, or a plain
// folder. Stock tools open all three (tar --zstd -xf, unzip). It holds, in the
// order of writing:
//
//	plan.json        what was to be captured, by which version, where, when
//	nodes/<node>/... evidence, each file as its source gave it apart from redaction
//	cluster/...      what concerns all nodes
//	report.html, SUMMARY.md, findings.json
//	casefile.json    the Manifest, last: entries with checksums, coverage, overhead
//
// Each entry describes itself: its Entry record, the same text as its line in
// casefile.json, travels as the PAX "comment" of its tar header, filled with spaces to
// whole blocks, as an extra field (id 0xCA5E) of its zip header, or as a line of
// casefile.jsonl in a folder. So a bundle may be cut at any byte (a killed
// process, a full disk, a lost link) and all entries before the cut can be
// listed and checked without the manifest.
//
// In tar.zst entries follow each other in one zstd frame and refer to those before
// them; the blocks of each end with it, so that the frame is readable up to its
// last whole entry while it is still open. An entry of more than 4 MB has two frames
// of its own, header and body. Behind the end of the tar, in a frame that other tools
// skip, an index says where each entry stands; a bundle without one is read from its
// beginning.
//
// Where the bundles of nodes are joined, the first 64 MB of content are compressed anew,
// so that small clusters have one window; their blocks end with every 96 kB of plain text
// and with each node, whose own bundle is there until then. Beyond that, and where a frame is
// hardly smaller than its content, a node's frames are copied as they are, after every byte was
// checked: headers are those that a Writer of this build makes (frames of others are taken
// entry by entry), contents have the size and checksum of their records, and nothing else is
// in them. The headers in such frames are the node's own, without times on the reference
// clock; those stand in casefile.json, whose record of an entry is the one that a reader gives.
//
// # Compatibility
//
// Readers accept any version up to their own and ignore unknown JSON fields.
// Files may be added in a later minor release; none is renamed within a version.
package bundle
