// Package gc holds the facts about a JVM's garbage collections and the measures taken from them.
//
// One model, [Log], serves three sources: GC logs (package gclog below this one), series of the JVM's own counters
// ([FromCounters]) and flight recordings. A source feeds a [Builder] one event at a time; the Builder keeps compact
// records up to a stated limit, exact counts and sums beyond it, and never grows with the length of the log.
//
// # Time
//
// Events lie on one timeline, a time.Duration. In a log with uptime stamps and one JVM start it is the uptime. With wall
// clock stamps only, zero is the first stamp. When one file holds several JVM starts ([Run]), later runs are moved behind
// earlier ones: by the wall clock where there is one, else end to end. [Log.Wall] gives the wall clock where it is known.
// A log without any stamp has Timed = false, and every measure that needs time says that it has no answer.
//
// # Definitions
//
// Every measure states its definition where it is declared. The two that tools disagree on:
//
//   - Pauses count each pause line of the log once. Serial and Parallel log a full collection inside a young one; both are
//     counted, as the log does, and the inner one carries FlagNested. Stopped is the time in which the application stood
//     still: the sum without nested pauses.
//   - Throughput is 1 - Stopped/Span, and Span runs from the first to the last stamp of each run: a log that starts an hour
//     after its JVM is not credited with that hour, and the time between two JVM starts counts for neither side.
package gc
