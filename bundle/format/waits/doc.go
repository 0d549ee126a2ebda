// Package waits is the format of what the threads of a process wait for in the kernel: the system call that each is in
// and the connection or file that the call is for. A thread dump says "socketRead"; this says to whom.
//
// # The table of a dump
//
// Snapshot is a table with tabs that a person can read and sort, one for each dump:
//
//	# casefile-waits 1 pid=4711 before_ms=1732347000123 after_ms=1732347000161 left_out=0 denied=0 changed=9
//	tid	nid	call	fd	events	kind	local	remote	path
//	4712	7	poll	57	in	tcp	10.0.0.1:50001	10.0.0.5:5432	-
//	4713	8	fsync	12	-	file	-	-	/var/lib/shop/journal/0001
//	4714	9	futex	-	-	-	-	-	-
//
// The calls were read twice, just before the dump and just after it, and a thread has a row where both readings agree:
// the same call with the same arguments, stack and program counter, for the same descriptor that led to the same object.
// changed counts the threads of which they do not. denied counts those whose call may not be read, left_out those
// beyond the limits of a look.
//
// tid is the thread's id on the host and nid the one in the PID namespace of the process, which thread dumps show. call
// is the kernel's name of the system call (syscalls(2): read, ppoll, futex, epoll_wait), "running" for a thread that is
// on a CPU or could be, "none" for one that is blocked outside a system call: in a page fault, or stopped. fd is the
// descriptor that the call is for, "-" where it is for none or for several: a poll of more than one descriptor, an epoll.
// events is what a poll waits for: "in" (bytes, a connection to accept), "out" (room to write, the end of a connect) or
// "in+out". kind is one of the Kinds. local and remote are the ends of a TCP or UDP socket; of a socket that listens, or
// that no table of the network namespace shows, less is known. path is that of a file, or of the socket's name of kind
// unix; "-" is none everywhere.
//
// # The table of samples
//
// Samples counts the same over a capture, for threads in calls on sockets and files only: how often each thread was
// found in a call for an object, and when for the first and the last time.
//
//	# casefile-wait-samples 1 pid=4711 first_ms=1732347000123 last_ms=1732347060123 rounds=600 left_out=0
//	tid	nid	call	fd	events	kind	local	remote	path	count	first_ms	last_ms
//	4712	7	poll	57	in	tcp	10.0.0.1:50001	10.0.0.5:5432	-	431	1732347000123	1732347059820
//
// count is how many of the rounds the thread was there, so count/rounds is the share of the capture that it spent there.
// Rounds are about (last-first)/rounds apart: 100 ms where that costs little enough. A thread that does not move is
// looked at in some of them only, in every ninth at the least; it counts for those between, and for half of them where
// it has moved since. fd is the latest one. A connection's row may be folded into one of its peer, with "-" for the
// local end, where a process opens more connections than the table holds. left_out counts findings that have no row.
//
// The series of peers (RoundsSoFar, Object.Peer) tells the same of sockets over time.
//
// The thread that was last seen at a socket (Samples.LastAt) is a guess at who uses a connection on which nobody waits.
package waits
