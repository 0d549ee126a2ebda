// Package budget bounds what reading one input may cost: bytes that come out of
// compression, entries, memory, and the time a stream stays silent. Every byte
// that is read passes a [Room], which counts it and looks at the context: no
// parser has to, and an interrupt ends the reading whatever is read.
//
// What is beyond a limit is not read. The reader ends with [*Over], whose text
// says which limit, and which flag raises it; what was read before stays valid.
package budget
