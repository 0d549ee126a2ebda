// Package jfr gives what JDK Flight Recorder recordings say in types that analysis uses: samples of execution, allocation, locks, waiting
// and I/O with their stacks, collections and safepoints, load, settings, and how many events there were of each type.
//
//	b := jfr.NewBuilder("node1.jfr", jfr.Limits{})
//	err := b.Add(f)          // one file; several files of one repository in the order of time
//	rec := b.Recording()
//
// The chunk format is read by casefile/bundle/format/jfr. Here, [sampled] and the tables next to it name events and fields; each
// is looked up in the chunk's own metadata, so that a field which a JDK lacks stays zero.
//
// # What is kept
//
// A recording of any size becomes a model of bounded size: events with stacks are summed up by kind, stack, thread and detail; what
// comes periodically or with a collection is kept as it is, up to [Limits]. What goes beyond is counted in Recording.Lost.
//
// # Figures
//
//   - An execution sample stands for one sampling period of the thread it was taken in. The JDK takes them of threads that run Java code,
//     at most a few a period, so their sum is below the CPU time; shares hold. CPUTimeSample (25 on, Linux) is CPU time itself.
//   - A native sample is of a thread in native code, which may run or wait.
//   - An allocation in a new TLAB stands for the TLAB; ObjectAllocationSample carries its weight.
//   - Events of waiting (monitors, parking, I/O) shorter than their threshold are not there. Recording.Settings tells the thresholds.
package jfr
