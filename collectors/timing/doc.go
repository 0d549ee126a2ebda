// Package timing measures what a cluster's machines owe each other: how far their
// clocks are apart and how fast messages travel between them, how often a machine
// stalls, and how long its database, its folders and its name server take to
// answer. The figures and their definitions are those of bundle/format/timing.
//
// Between machines, a Responder answers and Probe asks; the coordinator of a
// capture tells each node which peers to ask. An Estimator turns the exchanges
// into an offset with an error bound that holds however the round trip was split
// between its two ways.
//
// On one machine, New is a collector for the length of the plan.
//
// # What it costs
//
//   - An exchange is two packets of 64 bytes.
//   - The hiccup meter picks its step so that its thread stays below 0.12 % of a CPU,
//     with the Go runtime's own share below 0.3 %.
//   - A database sees one connection at a time. Without a credential nobody logs in:
//     PostgreSQL is asked whether it speaks TLS, every 5 s; MySQL and MariaDB, which
//     count such visits against max_connect_errors, are visited 3 times in all. With a
//     credential one connection stays open for SELECT 1 every second, and is asked once
//     how many connections the server takes and has.
//   - A folder gets one file of 4 KiB a second, in a folder of casefile's own, and once 50 empty ones.
//   - A name is looked up every 5 s.
package timing
