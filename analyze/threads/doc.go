// Package threads reads thread dumps and works out what the threads wait for.
//
// # Reading
//
// A [Parser] reads one source (a file, a stream, a catalina.out of any size) and hands over its dumps one by one. It knows the text of
// HotSpot 5 to 25 (kill -3, jstack, jcmd, SAP and HP builds), VisualVM, JMX ThreadInfo, Thread.dump_to_file (text and JSON), OpenJ9
// javacores, JRockit, and Go goroutine dumps. Lines between dumps are counted ([Summary].OtherLines); lines inside a dump that were not
// understood are counted and sampled with their line number ([Dump].Unparsed). Nothing is dropped without being counted.
//
// Identities, frames, stacks and lock lists are interned over a source: a thread of a further dump costs about 170 bytes, whatever its
// stack. A caller that does not keep the dumps needs room for one.
//
// # Measuring
//
//	series := threads.NewSeries(dumps, nil)
//	series.Threads()     identity of each thread over the dumps: CPU, progress, birth, death
//	series.Hot()         threads by CPU between the dumps
//	series.Stuck(3)      busy on one stack, dump after dump
//	series.Pools(nil)    worker pools with their busy, idle and waiting threads
//	series.Contention()  locks by waiters over the dumps
//	series.Profile()     the same as a pprof wall-clock profile
//	threads.NewLockGraph(dump).Deadlocks()
//
// What a single thread waits for, in plain words, is [Classify].
//
// Times are those of the node that wrote the dump. HotSpot prints no zone: such a time is kept as if it were UTC and [Dump].ZoneKnown is
// false; the caller maps it to a reference clock.
package threads
