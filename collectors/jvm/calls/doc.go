// Package calls reads which system call each thread of a process is in, and for which connection or file, from /proc
// alone: the process is not stopped, not traced and not asked.
//
// /proc/PID/task/TID/syscall (proc_pid_syscall(5)) holds the number of the call, its six arguments, the stack pointer
// and the program counter of a thread that is blocked, or "running":
//
//	0 0x39 0x7f12d00 0x2000 0x0 0x0 0x0 0x7f12cf8 0x7f19a2c
//
// The first argument of read, write, accept, connect, fsync and their like is a descriptor. That of poll and ppoll, in
// which the JDK waits wherever there is a time-out, points to an array of struct pollfd in the memory of the process
// (/proc/PID/mem). /proc/PID/fd/N says what a descriptor leads to, and for a socket the tables in /proc/PID/net say from
// where to where.
//
// # Rights
//
// All of it needs what ptrace needs (PTRACE_MODE_ATTACH): the same user and, where Yama restricts that to parents
// (kernel.yama.ptrace_scope), CAP_SYS_PTRACE. It is read with the rights of casefile, below the folder of the process in
// /proc that is held open, so that no pid that is used again is taken for it. No path that the process names is opened:
// links are read, not followed. Of its memory eight bytes a descriptor are read, where a thread says that its array of
// them is, and nothing of them is kept but a number that is a descriptor of that process.
//
// # A process that is hostile or hangs
//
// A page of its memory can be one that is never delivered (userfaultfd, FUSE, a mount that does not answer). So every
// look runs on a goroutine of its own and is left behind when it does not come back in time; after that the process is
// not looked at again.
package calls
