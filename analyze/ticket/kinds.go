package ticket

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/say"
)

// found is what one node has of a kind.
type found struct {
	is     bool
	detail string
	since  time.Time
}

// kinds are what a capture may have of a node.
var kinds = map[string]func(*analyze.Case, *analyze.Node) found{
	"thread-dumps": eachJVM(func(j *analyze.JVM) found {
		if j.Dumps == nil || len(j.Dumps.Dumps) == 0 {
			return found{}
		}
		n := len(j.Dumps.Dumps)
		return found{true, fmt.Sprintf("%s over %s", say.Count(n, "dump"), say.Seconds(j.Dumps.Duration())), j.Dumps.Dumps[0].Time}
	}),
	"thread-cpu": eachJVM(func(j *analyze.JVM) found {
		if j.Dumps == nil || len(j.Dumps.Hot()) == 0 {
			return found{}
		}
		return found{is: true, detail: "CPU of each thread"}
	}),
	"gc-log": eachJVM(func(j *analyze.JVM) found {
		for _, l := range j.GC {
			if l.Lines > 0 || l.Span > 0 {
				since, _ := l.Wall(l.First)
				return found{true, "over " + say.Took(l.Span), since}
			}
		}
		return found{}
	}),
	"recording": eachJVM(func(j *analyze.JVM) found { return found{is: len(j.Recordings) > 0} }),
	"profile":   eachJVM(func(j *analyze.JVM) found { return found{is: len(j.Profiles) > 0} }),
	"logs": eachJVM(func(j *analyze.JVM) found {
		for _, l := range j.Logs {
			return found{true, say.Count(len(j.Logs), "file"), l.First.Time}
		}
		return found{}
	}),
	"access-log": eachJVM(func(j *analyze.JVM) found {
		for _, a := range j.Access {
			return found{true, say.Count(int(a.Requests), "request"), a.First.Time}
		}
		return found{}
	}),
	"configuration": eachJVM(func(j *analyze.JVM) found { return found{is: len(j.Conf) > 0, detail: say.Count(len(j.Conf), "file")} }),
	"flags":         eachJVM(func(j *analyze.JVM) found { return found{is: len(j.Flags) > 0} }),
	"host":          func(_ *analyze.Case, n *analyze.Node) found { return found{is: n.Host != nil} },
	"timing":        func(c *analyze.Case, _ *analyze.Node) found { return found{is: c.Timing != nil} },
	"database-latency": func(_ *analyze.Case, n *analyze.Node) found {
		return found{is: n.Timing != nil && len(n.Timing.Databases) > 0}
	},
	"storage-latency": func(_ *analyze.Case, n *analyze.Node) found {
		return found{is: n.Timing != nil && len(n.Timing.Storage) > 0}
	},
	"database-sessions": func(c *analyze.Case, _ *analyze.Node) found {
		return found{is: len(c.Databases) > 0, detail: say.Count(len(c.Databases), "look")}
	},
}

// eachJVM takes the first of a node's JVMs that has it.
func eachJVM(read func(*analyze.JVM) found) func(*analyze.Case, *analyze.Node) found {
	return func(_ *analyze.Case, n *analyze.Node) found {
		for _, j := range n.JVMs {
			if f := read(j); f.is {
				return f
			}
		}
		return found{}
	}
}
