// Package fleet runs one plan on many nodes at the same moment and joins what
// they send into one bundle. A node that cannot be reached, refuses, hangs or dies
// costs only its own part.
//
// # How a bundle of many nodes is made
//
// Every node writes its own bundle into a spool on its disk, of a bounded size, and
// streams it while it grows. Here each stream is appended to a file of its own,
// <bundle>.parts/<node>.tar.zst, as it arrives: nothing is decompressed, a node has
// one buffer of 64 KB, and who cannot write does not read, so that HTTP/2 holds the
// node back. A lost link resumes at the byte that is there. When a node has ended its
// part is joined: entry by entry, checked, copied as it is compressed.
//
// Why not join while it arrives: no entry of a node is final before its last one. Its
// secrets are learnt from what it captures, up to the last log, and each one is then
// looked for in all entries (bundle.Writer.LeakCheck); where one is found the node
// writes its bundle anew. The list of secrets cannot come first, for the same reason.
// Nor can a corrected entry follow the wrong one: an archive only grows, and tar -xf
// would still show the first. Taking entries of one node out again means writing the
// joined bundle anew while the others go on, with the secret in a file of the final
// name should we be killed meanwhile. So the price is room for the parts next to the
// bundle and one more copy of compressed bytes at the end, and what it buys is that
// nothing leaves a node's part that the node has not read twice.
//
// Should this process be killed, the parts stay: each is a bundle by itself, readable
// up to the cut. casefile analyze, show and verify read them together with the bundle,
// whose cluster/timing-start.json has the clocks of all nodes against one reference.
//
// # Clocks
//
// The admin's clock is the reference. Each node exchanges times with the admin
// through the agent's connection, and with other nodes by UDP, or TLS where that is
// not let through: all pairs of up to 16 nodes, above that eight others each.
package fleet
