package dumps

import (
	"slices"
	"strings"

	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// name says which lock it is. A lock of a class that says nothing is named with the place where threads wait for it.
func (k *contended) name() string {
	class := say.ShortClass(k.Class)
	switch {
	case k.Class == "" && k.Kind == threads.ClassInit:
		return "a class that is being initialised"
	case k.Class == "" && k.Site != nil:
		return "a monitor at " + say.Short(k.Site.Func)
	case k.Class == "":
		return "a monitor"
	}
	ofRuntime := threads.InRuntime(k.Class) && !strings.HasPrefix(k.Class, classObject)
	if k.Site == nil || !slices.Contains(libs.PlainLocks, class) && !ofRuntime {
		return class
	}
	return say.Article(class) + " at " + say.Short(k.wantedIn())
}

// classObject is what a dump calls the lock of a class, before its name.
const classObject = "java.lang.Class for "

// wantedIn is the call of the program in which threads want the lock, where they do so in code of the runtime.
func (k *contended) wantedIn() string {
	if threads.InRuntime(k.Site.Func) && len(k.sightings) > 0 {
		if own := threads.Calls(k.sightings[0].Thread.Stack.Frames); len(own) > 0 {
			return own[0].Func
		}
	}
	return k.Site.Func
}

// held puts the holder in words: " held by exec-7 in InventoryCache.refresh".
func (v *view) held(k *contended, suspects []views.Sighting) say.Phrase {
	if k.Holder == nil && len(suspects) > 0 {
		s := suspects[len(suspects)-1]
		return say.Text(", most likely held by %s in %s", views.ThreadName(s.Thread), v.sharedCall(k, s.Thread))
	}
	if k.Holder == nil {
		return say.Text(", whose holder the dumps do not show")
	}
	at := ""
	if f := k.holderCall(); f != nil {
		at = " in " + say.Short(f.Func)
	} else if k.HolderWait.Site != nil {
		at = " in " + say.Short(k.HolderWait.Site.Func)
	}
	holder := views.NameOf(k.Holder.Name)
	if k.Holders > 1 {
		return say.Text(" held in turn by %s threads (longest by %s%s)", say.Amount("holders", k.Holders, "threads"), holder, at)
	}
	return say.Text(" held by %s%s", holder, at)
}

// holderCall is the call in which the holder took the lock; of the program's own where the lock is the runtime's.
func (k *contended) holderCall() *threads.Frame {
	f := k.HolderFrame
	if f == nil || !threads.InRuntime(f.Func) {
		return f
	}
	frames := k.Holder.Obs[k.Holder.Last].Stack.Frames
	if i := slices.IndexFunc(frames, func(f *threads.Frame) bool { return f.Class() == k.Class && !threads.InRuntime(f.Func) }); i >= 0 {
		return frames[i]
	}
	if i := slices.Index(frames, f); i >= 0 { // what is above it is called back
		frames = frames[i:]
	}
	if own := threads.Calls(frames); len(own) > 0 {
		return own[0]
	}
	return f
}

// standFast reports whether most waiters are on one stack in all dumps.
func (v *view) standFast(k *contended) bool {
	stood, first := 0, 0
	for _, s := range k.sightings {
		if s.Dump == 0 {
			first++
			if v.stoodAll(v.Series.TrackOf(s.Thread)) {
				stood++
			}
		}
	}
	return first > 0 && 2*stood > first
}

// holders are what this finding explains besides the waiters: nobody needs to be told of them again.
func (k *contended) holders() []views.Sighting {
	var out []views.Sighting
	for dump, st := range k.States {
		if st != nil && st.Owner != nil {
			out = append(out, views.Sighting{Dump: dump, Thread: st.Owner})
		}
	}
	return out
}

// suspects are, of a lock whose holder no dump shows (a dump without -l lists no ReentrantLock), the threads that
// alone are in the method
// where the others wait, else in any of its class - one that reads under the lock, or changes what it guards - and
// do not wait with them.
// Seen in half of the dumps or more, else nil.
func (v *view) suspects(k *contended) []views.Sighting {
	if k.Holder != nil || k.Site == nil {
		return nil
	}
	site, class := k.Site.Func, k.Site.Class()
	if found := v.alone(k, 1, func(f *threads.Frame) bool { return f.Func == site }); found != nil {
		return found
	}
	most := 1
	if slices.ContainsFunc(v.Peak(k.sightings), wantsToWrite) {
		most = 3 // several may read at once
	}
	return v.alone(k, most, func(f *threads.Frame) bool { return f.Class() == class })
}

func wantsToWrite(s views.Sighting) bool { return libs.Within(s.Thread.Stack.Frames, libs.WriteLocks) }

// sharedCall is the call of a suspect in which the others wait, else its own call in the same class.
func (v *view) sharedCall(k *contended, t *threads.Thread) string {
	class := k.Site.Class()
	for _, f := range t.Stack.Frames {
		if f.Func == k.Site.Func || f.Class() == class {
			return say.Short(f.Func)
		}
	}
	return say.Short(k.Site.Func)
}

// sightingDumps are the dumps in which some threads were seen.
func (v *view) sightingDumps(list []views.Sighting) map[int]bool {
	out := map[int]bool{}
	for _, s := range list {
		out[s.Dump] = true
	}
	return out
}

// alone are the threads, at most so many a dump, that have such a frame, are busy, and do not wait for the lock.
func (v *view) alone(k *contended, most int, is func(*threads.Frame) bool) []views.Sighting {
	var found []views.Sighting
	dumps := 0
	for dump, st := range k.States {
		if st == nil {
			continue
		}
		waits := map[*threads.Thread]bool{}
		for _, t := range st.Waiters {
			waits[t] = true
		}
		var there []*threads.Thread
		for _, t := range v.Series.Dumps[dump].Threads {
			if !waits[t] && slices.ContainsFunc(t.Stack.Frames, is) && v.Series.Wait(t).Busy() {
				there = append(there, t)
			}
		}
		if len(there) > 0 && len(there) <= most {
			dumps++
			for _, t := range there {
				found = append(found, views.Sighting{Dump: dump, Thread: t})
			}
		}
	}
	if 2*dumps < k.Dumps {
		return nil
	}
	return found
}
