package views

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/rules/libs"
)

// TestLess advises about a pool that makes each borrower wait for a test.
func TestLess(b *libs.Borrowing, at, peer string) analyze.Advice {
	a := analyze.Advice{
		Setting: b.Setting, From: b.From, To: b.To,
		Effect: "Borrowing a connection costs microseconds.",
		Risk:   "A connection that the database or a firewall has closed is noticed a little later: its statement fails.",
		Verify: "No thread waits for " + peer + " below getConnection.",
	}
	if !b.Tests {
		a.Setting, a.From, a.To = "", "", ""
		a.Action = fmt.Sprintf("Find out what %s asks %s each time before it hands a connection to %s (an initial statement, isolation, schema, read-only), and take away "+
			"what need not be asked again.", b.Pool, peer, at)
		return a
	}
	a.Action = fmt.Sprintf("Have %s test connections beside the requests, not each time one is borrowed: every borrower in %s waits for the test. If a statement is the test, "+
		"use Connection.isValid or `select 1`; when even that is slow, look at the way to %s.", b.Pool, at, peer)
	if b.Also != "" {
		a.Action += " " + b.Also
	}
	return a
}
