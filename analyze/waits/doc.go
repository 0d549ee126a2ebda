// Package waits joins what threads wait for over all nodes of a case: the wait graph.
//
// A thread waits for a monitor or lock and so for its owner, for a connection pool and so for one of those that have a
// connection, or for an answer on a connection. The other end of a connection is a session of a database server that
// was asked at the same moment (exact by address and port), or a socket of another captured process. A session waits
// for the sessions that block it; one that is idle in its transaction waits for its client: the process by the port,
// the thread by a call on that socket in the same transaction, or because no other thread there is left that could
// have it. How sure each step is, it says itself.
//
// Dumps of several nodes are one round when they were taken at the same moment of the reference clock. What waits at
// the end of such a chain for nothing that is known is its root.
//
// The package looks at no bundle: what it needs of processes and servers is handed to [New].
package waits
