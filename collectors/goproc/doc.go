// Package goproc captures Go services through net/http/pprof.
//
// Targets are the addresses that the plan names, and the processes of this node
// that are Go binaries, have net/http/pprof linked in and listen on a loopback
// or any-address socket. Nothing else is asked: a process is known by its
// executable before the first byte is sent to it.
//
// What one target gives lies in nodes/<node>/go/<pid>-<name>/, or <host>-<port>/
// for an address whose process is not on this node:
//
//	profiles/cpu.pb.gz                     over the length of the capture
//	profiles/{heap,allocs,...}.pb.gz       at the first round
//	profiles/{allocs,mutex,block}.end.pb.gz  these count from the start of the
//	                                       process: the difference to the first
//	                                       is what happened during the capture
//	goroutines/NNN.txt                     every round, full stacks (debug=2)
//	metrics/vars.NNN.json, prom.NNN.txt    /debug/vars and /metrics, where served
//	metrics/process.NNN.jsonl              threads, memory, CPU, files from /proc
//	build/info.txt, cmdline, limits
//
// # What it costs the service
//
// Heap, allocation, mutex and block profiles are read without stopping the
// service. A goroutine profile stops it twice for a moment. A full goroutine
// dump stops it until all stacks are written, so the number of goroutines is
// asked first (the index page counts without looking at stacks), and above
// maxStacks the grouped form is taken. A CPU profile costs about 1 % of the CPU
// that the service uses.
//
// Each request has a deadline and a size limit, goes to the named host only, and
// uses a connection of its own that is closed after it. When casefile is ended,
// it closes its half of the connection of the CPU profile: the service sees the
// end of the request, stops profiling, and sends what it has.
package goproc
