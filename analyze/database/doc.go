// Package database is what database servers said of their sessions at the moments of the dumps, see
// [casefile/bundle/format/sessions]: how long each has been in what it does, what it waits for, and which looks are at
// one server.
//
// Times are on the clock of the node that asked. An age is the difference of two of them, which the server's own clock
// gave.
package database
