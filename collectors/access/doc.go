// Package access is the one room through which everything that a captured process names
// or owns is opened, listed, looked up, created and removed: paths of its command line,
// properties, configuration and log patterns, its root and working folder, its /tmp, the
// attach trigger and socket, counters, recordings, lists of threads. The process may be
// hostile and casefile may be root, so a path of the process is never used with the
// rights of casefile (a "confused deputy").
//
// Each access runs on a thread of its own choice of rights: the file system ids
// (fsuid, fsgid), the supplementary groups and the effective capabilities of that one
// thread become those of the process, for the length of the access. They belong to a
// thread in Linux, unlike in POSIX, and the Go runtime locks a goroutine to its thread.
// A capability stays only where the process itself has it in the user namespace of
// casefile. The rights are read back before anything is touched, and once more after
// they were given back; a thread that could not get its own ones back ends with its
// goroutine. Threads are not thrown away otherwise: a thread that ends takes the
// children along that were started from it (PR_SET_PDEATHSIG).
//
// A helper process under the user's ids, as JDK 8 needs it for its socket
// (collectors/jvm), was not chosen: its real ids would be the user's, who could then
// signal it and trace it, and every file would cost a process.
//
// Where casefile is not root and has no such capability, its own rights are the bound,
// and nothing is switched.
//
// Beyond the rights:
//   - Paths are resolved inside the root folder of the process (openat2, RESOLVE_IN_ROOT),
//     which is held open from the moment the process was recognised, so that neither
//     a pid that is used again nor a root that is moved leads elsewhere.
//   - A file is looked at before it is opened (O_PATH, fstat): only regular files of
//     file systems that store files are opened, with O_NONBLOCK; no FIFO, no device,
//     nothing of /proc and /sys.
//   - Links that a third user made, and further names of a file (hard links) in folders
//     that third users can write to, are refused: see walk.go.
//   - Whatever does not come back in time (a mount that does not answer) is left behind.
//   - Lists of names are bounded.
package access
