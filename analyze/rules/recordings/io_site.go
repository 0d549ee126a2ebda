package recordings

import (
	"fmt"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/jfr"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	socketSlow = analyze.NewLimit(2*time.Second, "", "one read or write of a socket", "JDK Mission Control warns "+
		"from 2 s on")
	fileSlow = analyze.NewLimit(4*time.Second, "", "one read or write of a file", "JDK Mission Control warns "+
		"from 4 s on")
	forceSlow = analyze.NewLimit(50*time.Millisecond, "", "one force of a file", "JDK Mission Control warns "+
		"from 50 ms on")
	forcesShare = analyze.NewLimit(
		1.0,
		"threads",
		"that wait for forces on average: warning",
		"one thread does nothing else",
	)
)

var ioSite = &analyze.Rule{
	ID: ids.IOSite,
	Doc: "Requests wait long for one peer or file, or files are forced to a slow disk, by the I/O events of a " +
		"recording.",
	Needs:   needsRecording,
	Fix:     "Measure the other side of the call, or the disk below the file.",
	Repeats: []string{ids.SlowDownstream},
	Limits: []analyze.Threshold{
		socketSlow, fileSlow, forceSlow, forcesShare, views.DownstreamThreads, views.RecordingSpan,
	},
	Run: analyze.Each(recordedWith("jdk.SocketRead", "jdk.FileRead"), judgeIO),
}

// judgeIO goes through the waits for peers and files.
func judgeIO(_ *analyze.Pass, r *recorded) (out []analyze.Finding) {
	for _, s := range r.waits().Largest() {
		if f, ok := r.ioFinding(s); ok {
			out = append(out, f)
		}
	}
	return out
}

// slow are kinds of I/O with what one operation may take.
func (r *recorded) slow(k jfr.Kind) (limit time.Duration, ok bool) {
	switch k {
	case jfr.SocketRead, jfr.SocketWrite:
		return socketSlow.Value, true
	case jfr.FileRead, jfr.FileWrite:
		return fileSlow.Value, true
	case jfr.FileForce:
		return forceSlow.Value, true
	}
	return 0, false
}

// waits sums up I/O of threads that serve requests, and forces of any thread, by call, operation and peer or file. A
// thread of another kind may
// read all day from a connection on which nothing comes.
func (r *recorded) waits() views.Sites {
	found := views.Sites{}
	pool := requestPools()
	for i := range r.Rec.Samples {
		s := &r.Rec.Samples[i]
		if _, io := r.slow(s.Kind); !io || s.Stack == 0 {
			continue
		}
		thread := r.Rec.Threads[s.Thread].Name
		if s.Kind != jfr.FileForce && !pool(thread) {
			continue
		}
		frames := r.Frames(s.Stack)
		at := views.OwnFrame(frames)
		if serves(frames[:at+1]) {
			continue
		}
		key := strings.Join([]string{frames[at], s.Kind.String(), r.Rec.Texts[s.Detail]}, "\x00")
		found.Add(key, frames, at, s.Amount, "", thread)
		g := found[key]
		g.Count += s.Count - 1
		g.Labels["max"] = max(g.Labels["max"], s.Max)
		g.Labels["kind"] = int64(s.Kind)
	}
	return found
}

// serves tells that the server itself waits for its user's client.
func serves(frames []string) bool {
	for _, f := range frames {
		if threads.OfServer(f) {
			return true
		}
	}
	return false
}

// requestPools tells threads that serve requests by their names.
func requestPools() func(string) bool {
	known := map[string]bool{}
	patterns := threads.DefaultPools()
	return func(name string) bool {
		is, seen := known[name]
		if !seen {
			for _, p := range patterns {
				if p.Name.MatchString(name[:min(len(name), 200)]) {
					is = p.Requests
					break
				}
			}
			known[name] = is
		}
		return is
	}
}

// ioFinding is about the waits under one call for one peer or file; ok is false when they are short and few.
func (r *recorded) ioFinding(s *views.Site) (f analyze.Finding, ok bool) {
	part := strings.Split(s.Name, "\x00")
	call, op, target := part[0], part[1], part[2]
	kind := jfr.Kind(s.Labels["kind"])
	limit, _ := r.slow(kind)
	waiting, longest := r.threadsAt(s.Value), time.Duration(s.Labels["max"])
	enough := float64(views.DownstreamThreads.Value)
	if kind == jfr.FileForce {
		enough = forcesShare.Value
	}
	if longest < limit && waiting < enough {
		return f, false
	}
	f = r.finding(views.Behind * waiting / max(waiting+1, float64(len(s.Threads))))
	if waiting >= enough {
		f.Severity = analyze.Warning
	}
	f.Confidence = analyze.High
	if target == "" {
		target = "an unknown peer or file"
	}
	f.About = []string{say.Short(call)}
	f.Say("%s: %s under %s took up to %s, on average %s threads wait there", target, op, say.Short(call),
		say.Time("longest", longest), say.Amount("waiting", waiting, "threads"))
	f.Impact = fmt.Sprintf(
		"%s of waiting by %s in %s",
		views.Spent(s.Value),
		say.Count(len(s.Threads), "thread"),
		r.span(),
	)
	f.Explanation = "Each operation that took as long as the recording's threshold was measured with its peer or " +
		"file and the place of the program."
	f.Evidence = append(
		[]analyze.Evidence{
			r.Cite(
				"%s %s of %s under %s, %s in all, %s at most",
				say.HowOften(int(s.Count)),
				op,
				target,
				call,
				views.Spent(s.Value),
				say.Seconds(longest),
			),
		},
		r.citeCallers(s)...)
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Measure %s from the other side: its own response times, and the way to it (ss -ti shows round trips and retransmissions of its connections).", target),
		Effect: "Shows whether it is slow, or asked too much.",
		Risk:   "None.",
		Verify: "A new recording: casefile profile --io --pid " + r.pid() + ".",
	}}
	if kind == jfr.FileForce {
		f.Advice[0].Action = "Look at the disk below " + target + " (its latency under write load), and force " +
			"less often: several records at once."
		f.Advice[0].Risk = "What is not forced is lost when the machine fails."
	}
	f.References = []string{"JDK Mission Control: rules of socket and file I/O"}
	return f, true
}
