package fromjfr

import (
	"strconv"

	"casefile/analyze/jfr"
	"casefile/analyze/threads"
)

// details tells by kind what the detail of a sample is.
var details = map[jfr.Kind]string{
	jfr.AllocTLAB: ClassLabel, jfr.AllocOutside: ClassLabel, jfr.AllocSample: ClassLabel, jfr.LiveObject: ClassLabel,
	jfr.MonitorEnter: ClassLabel, jfr.Park: ClassLabel, jfr.Exception: ClassLabel,
	jfr.SocketRead: PeerLabel, jfr.SocketWrite: PeerLabel,
	jfr.FileRead: FileLabel, jfr.FileWrite: FileLabel, jfr.FileForce: FileLabel,
}

// operations names kinds of I/O.
var operations = map[jfr.Kind]bool{jfr.SocketRead: true, jfr.SocketWrite: true, jfr.FileRead: true, jfr.FileWrite: true, jfr.FileForce: true}

func (b *builder) label(s *jfr.Sample, labels map[string][]string) {
	set := func(key, value string) {
		if key != "" && value != "" {
			labels[key] = []string{value}
		}
	}
	thread := b.rec.Threads[s.Thread].Name
	set(ThreadLabel, thread)
	set(PoolLabel, b.pool(thread))
	set(StateLabel, b.rec.Texts[s.State])
	if s.Kind == jfr.Native {
		set(WaitLabel, b.wait(s))
	}
	set(details[s.Kind], b.rec.Texts[s.Detail])
	if operations[s.Kind] {
		set(OpLabel, s.Kind.String())
	}
	span := b.rec.Spans[s.Span]
	set(SpanLabel, hex(span.Span))
	set(TraceLabel, hex(span.Root))
	set(ContextLabel, hex(span.Context))
}

// wait is what a thread in native code waits for, by the methods on its stack.
func (b *builder) wait(s *jfr.Sample) string {
	t := &threads.Thread{Identity: &threads.Identity{Name: b.rec.Threads[s.Thread].Name}, State: threads.Runnable, Stack: &threads.Stack{}}
	for _, f := range b.rec.Stacks[s.Stack].Frames {
		t.Stack.Frames = append(t.Stack.Frames, &threads.Frame{Func: b.rec.FunctionName(f), Native: len(t.Stack.Frames) == 0})
	}
	w := b.waits.Classify(t)
	switch {
	case w.Idle:
		return threads.WaitIdle.String()
	case w.Kind == threads.WaitUnknown || w.Kind == threads.WaitRunning:
		return "none known"
	}
	return w.Kind.String()
}

func hex(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 16)
}
