// Package jfr reads the chunk format of JDK Flight Recorder, version 2: OpenJDK 8u262 to 25, GraalVM,
// async-profiler and dd-trace. It knows no event: types, fields and constants are read by the metadata that each
// chunk carries, so that an event or a constant of a later JDK, or of a tool, cannot break it.
//
//	r := jfr.NewReader(f, jfr.Limits{})
//	for {
//		c, err := r.Next() // io.EOF after the last chunk
//		...
//		s := c.TypeByName("jdk.GarbageCollection").Select("startTime", "cause", "sumOfPauses")
//		c.Read(func(e *jfr.Row) { pause += e.Duration(2) }, s)
//	}
//
// Nothing but what was asked for is decoded: events of other types are stepped over by their size, constants are
// found by their key when one is looked up.
//
// # Format (HotSpot jfrChunkWriter.cpp, jdk.jfr.internal.consumer)
//
// A recording is a sequence of chunks, each complete in itself. A chunk starts with 68 bytes, big-endian:
//
//	 0  u4  "FLR\0"
//	 4  u2  major, u2 minor version; 0.9 and 1.0 are another format, of Oracle's JDK 7 and 8: ErrVersion
//	 8  u8  size of the chunk
//	16  u8  offset of the last checkpoint event
//	24  u8  offset of the metadata event
//	32  u8  start, nanoseconds since 1970
//	40  u8  duration, nanoseconds
//	48  u8  start, ticks
//	56  u8  ticks a second
//	64  u1  state: 0 finished, 255 being written, else the number of flushes so far
//	65  u2  nothing
//	67  u1  flags: bit 0 integers are compressed, bit 1 last chunk of the JVM
//
// Then events follow: size (its own bytes included), type id, fields. Type 0 is the metadata, type 1 a checkpoint, which
// holds constants. Compressed integers have 7 bits a byte, least significant first, the high bit says that more follow;
// a ninth byte has 8 bits. Without the flag, integers are big-endian and as wide as their type. Sizes and counts are int,
// ids and keys long. A string begins with its encoding: 0 null, 1 empty, 2 key of a constant, 3 UTF-8, 4 chars, 5 Latin-1.
//
// A checkpoint: start, duration, distance to the one before it (0: none), a byte of flags, then pools: type id, number,
// and that many times a key and a value.
//
// # Broken and unfinished input
//
// Chunks are found by walking from event to event, which needs no offset of the header. A chunk of a running or a dead
// JVM, cut or still open, is so read to its last complete event, with the newest metadata and all constants found; Chunk.Cut
// then says where it ends and why. Bytes between chunks that are none are skipped to the next header and counted.
//
// Memory: one chunk of at most Limits.ChunkBytes, an index of its constants of at most Limits.Constants entries (24 bytes
// each), and its types.
package jfr
