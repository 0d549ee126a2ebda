// Package loss is the account of lost time: where the time of a process's threads went over one series of dumps.
//
// The time of request threads, and that of every other crew of workers, is split into parts that sum to the whole:
// idle, on CPU, ready to run without a CPU, blocked by a lock, waiting for a call, a pool, a queue, a future, another
// member, and stopped by collections, other safepoints and allocation stalls. Each thread of each dump stands for an
// equal share of the time between the first dump and the last.
//
// Findings claim the parts that they explain. What is left unclaimed is loss that nobody has explained yet.
package loss
