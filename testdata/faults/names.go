package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// names makes up the names of one program.
type names struct {
	*rand.Rand
	pkg string
}

func newNames(seed uint64) *names {
	n := &names{Rand: rand.New(rand.NewPCG(seed, 42))}
	n.pkg = n.word(2) + "." + n.word(2)
	return n
}

var syllables = strings.Fields("ba do ki lu me no pa ri so tu va ze gor mil dan fex rul tam bis ond ula ker zan " +
	"hol quim")

func (n *names) word(length int) string {
	var b strings.Builder
	for range length {
		b.WriteString(syllables[n.IntN(len(syllables))])
	}
	return b.String()
}

func (n *names) class() string {
	w := n.word(2 + n.IntN(2))
	return n.pkg + "." + strings.ToUpper(w[:1]) + w[1:]
}

// method is one that says nothing of what it does.
func (n *names) method() string { return n.word(2 + n.IntN(2)) }

// call is one call of the program.
type call struct{ class, method string }

func (n *names) call() call { return call{n.class(), n.method()} }

// in is another method of the same class.
func (n *names) in(c call) call { return call{c.class, n.method()} }

// line is the call's frame.
func (c call) line() string {
	return fmt.Sprintf("%s.%s(%s.java:%d)\n", c.class, c.method, c.short(), 20+len(c.method)*7)
}

// as is the call with another method's name.
func (c call) as(method string) call { return call{c.class, method} }

func (c call) short() string { return c.class[strings.LastIndexByte(c.class, '.')+1:] }

// String is how a finding names the call.
func (c call) String() string { return c.short() + "." + c.method }

func lines(calls ...call) string {
	var b strings.Builder
	for _, c := range calls {
		b.WriteString(c.line())
	}
	return b.String()
}
