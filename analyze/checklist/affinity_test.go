package checklist

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
)

// balanced is a cluster whose balancer sends the k-th request of a user to a node of its choice.
func balanced(t *testing.T, nodes, users, each int, skew, step time.Duration, choose func(user, k int) int) *analyze.Case {
	t.Helper()
	c := sound()
	c.Nodes = c.Nodes[:nodes]
	logs := make([]strings.Builder, nodes)
	begin := time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)
	for k := range each {
		for user := range users {
			at := choose(user, k)
			stamp := begin.Add(time.Duration(k) * step).Add(time.Duration(at) * skew).Format("02/Jan/2006:15:04:05 -0700")
			fmt.Fprintf(&logs[at], "[%s] u%d http-nio-8090-exec-1 10.0.0.9 GET /pages/view HTTP/1.1 200 5ms 100 - browser\n", stamp, user)
		}
	}
	for i, n := range c.Nodes {
		a, err := applog.ReadAccess("logs/access.log", strings.NewReader(logs[i].String()), applog.Known())
		if err != nil || a.Unparsed > 0 {
			t.Fatal(a.Unparsed, err)
		}
		n.JVMs[0].Access = []*applog.Access{a}
		n.Clock.Offset = time.Duration(i) * skew
	}
	return c
}

func TestAffinity(t *testing.T) {
	const slow = 10 * time.Second
	visit := func(user, k int) int { return (user + k/40) % 3 } // each goes on at another node after a while
	quick := func(choose func(user, k int) int) *analyze.Case {
		return balanced(t, 3, 12, 120, 0, 50*time.Millisecond, choose)
	}
	for _, x := range []struct {
		name string
		c    *analyze.Case
		want State
	}{
		{"one node a visit", balanced(t, 3, 12, 120, 0, slow, visit), OK},
		{"one node a visit, clocks apart", balanced(t, 3, 12, 120, 40*time.Second, slow, visit), OK},
		{"in turn", balanced(t, 3, 12, 120, 0, slow, func(user, k int) int { return (user + k) % 3 }), NotOK},
		{"two nodes, the half of all", balanced(t, 2, 12, 120, 0, slow, func(user, k int) int { return (user + k/2) % 2 }), NotOK},
		{"one of many has two browsers", balanced(t, 3, 12, 120, 0, slow, func(user, k int) int {
			if user == 0 {
				return k % 3
			}
			return visit(user, k)
		}), OK},
		{"bursts within a second, in turn", quick(func(user, k int) int { return (user + k) % 3 }), NotOK},
		{"bursts within a second, mostly on one node", quick(func(user, k int) int { return max(0, (user+k*7)%9-6) }), NotOK},
		{"bursts within a second, one node a visit", quick(visit), OK},
		{"too few users", balanced(t, 3, 3, 120, 0, slow, func(user, k int) int { return (user + k) % 3 }), NotKnown},
		{"too few requests", balanced(t, 3, 12, 15, 0, slow, func(user, k int) int { return (user + k) % 3 }), NotKnown},
		{"no user in common", balanced(t, 3, 12, 120, 0, slow, func(user, _ int) int { return user % 3 }), NotKnown},
		{"no access log", sound(), NotKnown},
	} {
		l, err := Of(x.c, &analyze.Result{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Answers {
			if a := &l.Answers[i]; a.ID == "affinity" && (a.State != x.want || a.Do() == "" && a.State != OK || a.State != NotKnown && len(a.At) == 0) {
				t.Errorf("%s: %s %q", x.name, a.State, a.Value)
			}
		}
	}
}

// A log that reaches back further is no larger share.
func TestSpreadOverOneTime(t *testing.T) {
	even := func(user, k int) int { return (user + k) % 3 }
	for _, x := range []struct {
		name   string
		before int // requests of the first node, a day earlier
		choose func(user, k int) int
		want   State
	}{
		{"even", 0, even, OK},
		{"even, and the first node keeps older logs", 5000, even, OK},
		{"uneven", 0, func(user, k int) int { return max(0, (user+k)%9-6) }, NotOK},
	} {
		c := balanced(t, 3, 12, 120, 0, time.Second, x.choose)
		var older strings.Builder
		for k := range x.before {
			stamp := time.Date(2024, 2, 29, 9, 0, k/10, 0, time.UTC).Format("02/Jan/2006:15:04:05 -0700")
			fmt.Fprintf(&older, "[%s] u1 http-nio-8090-exec-1 10.0.0.9 GET /pages/view HTTP/1.1 200 5ms 100 - browser\n", stamp)
		}
		a, err := applog.ReadAccess("logs/older.log", strings.NewReader(older.String()), applog.Known())
		if err != nil {
			t.Fatal(err)
		}
		j := c.Nodes[0].JVMs[0]
		j.Access = append(j.Access, a)
		if got := answerOf(t, c, "even-load"); got.State != x.want {
			t.Errorf("%s: %s %q", x.name, got.State, got.Value)
		}
	}
}
