// Package gclog reads the GC logs of HotSpot JVMs, JDK 5 to 25, and OpenJ9's verbose XML, into the model of package gc.
//
// Parse takes one stream, plain or compressed (gzip, zstd, zip), of a single file or of several JVM starts appended to one
// another; ParseFiles joins the parts of a rotated log. A log is read once, line by line, at the level of bytes; what is
// kept is bounded by [Options].
//
// Every line ends in one of four classes, and each is counted in the result:
//
//   - it gave a fact;
//   - it is detail that is known and carries no fact of the model (DetailLines): worker times, age tables, debug and trace
//     output under a known tag;
//   - it is not GC or safepoint logging: other tags, the application's own output (OtherLines);
//   - it is GC or safepoint logging that was not understood (Unparsed).
//
// The last two keep samples with their line numbers.
package gclog
