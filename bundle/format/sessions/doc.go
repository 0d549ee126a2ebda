// Package sessions is the format of what a database server says of its own work at the moment of a dump round: its
// sessions with the client's address and port, whom they wait for, and what they run (Snapshot, one a round), and how
// much each statement took of the server over the whole capture (Statements).
//
// A session's client is the local end of a socket of some process: what joins it to the table of sockets of a JVM
// bundle/format/sockets), and by that to a thread. Behind a pooler, a proxy or address translation the client is theirs;
// Snapshot.Translated says when the collector's own connection shows that.
//
// # Files
//
// Both are JSON with one session or statement a line, so that a line can be cited:
//
//	{
//	 "version": 1,
//	 "server": {"name":"db1-5432","product":"postgresql","version":"15.14","address":"db1:5432", ...},
//	 ...
//	 "sessions": [
//	  {"id":4711,"client":"10.0.0.1:50001","user":"shop","state":"active","blocked_by":[4712], ...},
//	  {"id":4712,"client":"10.0.0.2:41230","user":"shop","state":"idle in transaction", ...}
//	 ]
//	}
//
// # Times
//
// All times are on the clock of the node that asked. Since-times are the moment of the look less the age that the
// server's own clock gives, so the two clocks need not agree.
//
// # Statements
//
// Texts are without literals: each is a question mark, lists of them are one, and comments are gone (see
// bundle/format/sqltext). Of what a server cut off, what may be the beginning of a literal is gone too.
//
// # Compatibility
//
// Readers accept any version up to their own and ignore fields they do not know.
package sessions
