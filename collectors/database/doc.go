// Package database asks database servers what their sessions do at the moment of each dump round: who waits for whom,
// for which table, running which statement, and from which client address and port. That port is what joins a session to
// a thread of a JVM that waits for it. The format is bundle/format/sessions.
//
// # Who is asked
//
// Each database of the plan that has a credential, and those of the applications where the plan uses their credentials:
// PostgreSQL 12 to 18, MySQL 8, MariaDB 10.6 to 11. All servers of one URL are asked, up to four.
//
// Each node that has the credential asks by itself: the answer holds the node's own connection, which shows whether
// there is a pooler or a translation of addresses between this node and the server, and a node that fails costs nobody
// else's look. Server.Identity tells the analysis that two nodes saw one server.
//
// # What it costs
//
//   - One connection a server, with a read-only transaction for each look. A statement is given up by the server after
//     1 s, one that would wait for a lock after 0.1 s.
//   - All looks of one node take at most 1 % of the time of one backend, divided by the number of nodes that look at the
//     server: their time is measured, and a look that would go beyond is left out, which the ledger tells.
//   - pg_blocking_pids and pg_locks, which take the lock manager's own locks, are asked only while sessions wait for
//     locks, and for at most 1,000 of them.
//   - At most 2,000 sessions, and 8 KiB of each statement.
//
// # What never leaves
//
// Statements are written without their literals and comments (bundle/format/sqltext). Parameters of prepared statements
// are not asked for.
package database
