package threads

import "bytes"

// lockLines are HotSpot's, VisualVM's and ThreadInfo's words for a lock; longer ones before their own prefixes.
var lockLines = []struct {
	words string
	kind  LockKind
}{
	{"locked ", Locked},
	{"waiting to lock ", WaitingToLock},
	{"waiting to re-lock in wait() ", WaitingToRelock},
	{"waiting on the Class initialization monitor for ", ClassInit},
	{"waiting on ", WaitingOn},
	{"parking to wait for ", Parking},
	{"eliminated ", Eliminated},
	{"blocked on ", WaitingToLock},
}

// parseLock reads a line that begins with a dash:
//
//	locked <0x00000007ffc22222> (a java.lang.Object)
//	waiting to lock <5284339c> (a java.lang.Object) owned by "main" t@1
//	eliminated <owner is scalar replaced> (a java.lang.Object)
//	<0x000000069d9bf5b8> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)
//	<0x000000069ec153b8>, (a java.util.concurrent.locks.ReentrantLock$NonfairSync)
//	java.util.concurrent.locks.ReentrantLock$NonfairSync@15bc412
//	None
func parseLock(b []byte, owned bool, in *interner) (l Lock, ok bool) {
	b = bytes.TrimSpace(bytes.TrimLeft(b, "- "))
	if string(b) == "None" {
		return l, true
	}
	found := false
	for i := range lockLines {
		if rest, ok := bytes.CutPrefix(b, []byte(lockLines[i].words)); ok {
			l.Kind, b, found = lockLines[i].kind, bytes.TrimLeft(rest, " "), true
			break
		}
	}
	if owned && (!found || l.Kind == Locked) {
		l.Kind, found = OwnsSynchronizer, true
	}
	if !found || len(b) == 0 {
		return l, false
	}
	if i := bytes.Index(b, []byte(" owned by")); i >= 0 {
		l.Owner = ownerName(b[i:])
		b = b[:i]
	}
	if l.Kind == ClassInit {
		l.Class = in.str(b)
		return l, true
	}
	if b[0] != '<' {
		var class string
		class, l.Addr = classAtHash(b)
		l.Class = in.str([]byte(class))
		return l, l.Addr != 0
	}
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return l, false
	}
	inner, rest := b[1:end], bytes.TrimLeft(b[end+1:], ", ")
	addr, size := hexPrefix(inner)
	if size == len(inner) {
		l.Addr = addr
	} else if bytes.IndexByte(inner, '@') > 0 { // <java.lang.Object@107fde25>, Thread.dump_to_file
		var class string
		class, l.Addr = classAtHash(inner)
		l.Class = in.str([]byte(class))
	}
	if class, found := bytes.CutPrefix(rest, []byte("(a ")); found {
		class, _, _ = bytes.Cut(class, []byte{')'})
		l.Class = in.str(class)
	}
	return l, true
}
