// Package hsperf reads the counters that a HotSpot JVM keeps in a memory-mapped
// file, <tmp>/hsperfdata_<user>/<pid>: some 250 numbers and texts about the
// collectors, spaces, safepoints, classes and threads. Reading the file costs the JVM nothing and
// works while it hangs.
//
// # Format, version 2 (HotSpot perfMemory.hpp and perfData.hpp)
//
// The prologue has 32 bytes. The magic is big-endian whatever the rest is in:
//
//	 0  u4  magic, cafec0c0
//	 4  u1  byte order of all that follows: 0 big-endian, 1 little-endian
//	 5  u1  major version, 2
//	 6  u1  minor version, 0
//	 7  u1  accessible: 0 while the JVM still creates its counters
//	 8  i4  used: bytes in use, prologue included
//	12  i4  overflow: bytes that had no room
//	16  i8  modification time, in ticks: moves when an entry is added
//	24  i4  offset of the first entry
//	28  i4  number of entries
//
// Each entry starts with 20 bytes, then come its name and its data, padded:
//
//	 0  i4  length of the entry, to the next one
//	 4  i4  offset of the name, from the start of the entry, NUL-terminated
//	 8  i4  vector length: 0 for a single value, else the number of elements
//	12  u1  type, a field descriptor: 'J' int64, 'B' byte
//	13  u1  flags
//	14  u1  units
//	15  u1  variability
//	16  i4  offset of the data, from the start of the entry
//
// HotSpot writes two shapes only: J with vector length 0, and B with a vector
// length, which is a NUL-terminated text. Others are kept by name without a value.
//
// The JVM writes while we read. A number is eight aligned bytes and so is
// whole or old; a text may be caught half-changed.
package hsperf
