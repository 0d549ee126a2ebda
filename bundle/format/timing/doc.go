// Package timing is the format of what a capture measured between the machines of
// a cluster and on each of them: cluster/timing.json (Record), the part of one
// node in nodes/<node>/timing/probes.json (Node), and the messages by which two
// clocks are compared.
//
// # Clocks
//
// A party is the admin's machine or a node. Two parties compare clocks with four
// readings: the first sends at T1 of its clock, the second receives at T2 and
// answers at T3 of its own, the first receives at T4. If the answer took as long
// as the question, the second clock is ahead by ((T2-T1)+(T3-T4))/2. However the
// time was split between the two ways, it is ahead by that much give or take half
// the round trip (T4-T1)-(T3-T2): that is the error bound written everywhere here.
// It is not a standard deviation; the truth lies within it as long as both clocks
// run evenly in between.
//
// Offsets are "to minus from": a clock that is ahead of the reference has a
// positive offset against it. Times in a Record are on the reference clock, which
// is the admin's, unless a field says otherwise.
//
// # Units
//
// Fields end in their unit: _ms is milliseconds, _ppm is microseconds a second.
// Distributions are of HdrHistograms with two significant digits; least and most
// are exact.
//
// # Compatibility
//
// Readers accept any version up to their own and ignore fields they do not know.
package timing
