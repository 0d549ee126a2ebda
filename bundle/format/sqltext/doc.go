// Package sqltext takes the literals out of SQL: what a statement was asked with never leaves the server's answer.
//
// Normalise gives a statement in which each literal and each parameter is a question mark, lists of them and lists of
// equal rows are one, white space is one blank, and comments, which may hold anything, are gone. Names of tables and
// columns stay: they are what an admin needs. Statements that differ in literals only become the same text.
//
// It reads what the lexers of PostgreSQL (src/backend/parser/scan.l) and of MySQL and MariaDB (sql/sql_lex.cc) take for
// a literal: strings with doubled quotes, with backslashes, with a prefix (E, U&, N, B, X, _utf8mb4) and in pieces;
// dollar quotes; numbers in all forms; in MySQL also double quotes. What SET gives a setting needs no quotes and is a
// literal all the same. Half of a statement is read too: a literal that does not end takes all that follows.
//
// Whether a backslash escapes a quote is a setting of a session (standard_conforming_strings, NO_BACKSLASH_ESCAPES) that
// nobody else can ask for. Where the two readings differ, the one in which every string ends is the statement; where
// both or neither do, the rest is dropped. What was dropped or cut off shows as an ellipsis.
package sqltext
