package calls

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"casefile/bundle/format/waits"
)

// Look is the calls of all threads at one moment.
type Look struct {
	Began, Ended    time.Time
	found           []found
	leftOut, denied int
}

// found is a thread with its call.
type found struct {
	tid  int
	line string
	call
	link string // of the descriptor; empty: none
}

// lookFor is how long one look may take; threads that are not reached by then are left out.
const lookFor = 700 * time.Millisecond

// Look reads the calls of all threads. An error says why none can be read.
func (r *Reader) Look(ctx context.Context) (*Look, error) {
	return bounded(ctx, r, answerWithin, r.look)
}

func (r *Reader) look(ctx context.Context) (*Look, error) {
	l := &Look{Began: time.Now()}
	tids, err := r.tids()
	if err != nil {
		return nil, err
	}
	if n := len(tids) - waits.MaxThreads; n > 0 {
		tids, l.leftOut = tids[:waits.MaxThreads], n
	}
	var refused error
	buf := make([]byte, maxLine)
	l.found = make([]found, 0, len(tids))
	for i, tid := range tids {
		if ctx.Err() != nil || time.Since(l.Began) > lookFor {
			l.leftOut += len(tids) - i
			break
		}
		f, err := r.found(tid, buf)
		switch {
		case errors.Is(err, fs.ErrPermission):
			refused = err
			l.denied++
		case errors.Is(err, errOther):
			l.leftOut++
		case err == nil:
			l.found = append(l.found, f)
		}
	}
	l.Ended = time.Now()
	switch {
	case len(l.found) > 0 || l.leftOut > 0:
		return l, nil
	case refused != nil:
		return nil, refused
	case r.alive():
		return nil, ErrUnsupported
	}
	return nil, fs.ErrNotExist
}

// errOther says that a call could not be understood.
var errOther = errors.New("not a call of a 64-bit program")

// found reads the call of a thread, and what its descriptor leads to.
func (r *Reader) found(tid int, buf []byte) (found, error) {
	line, err := r.line(tid, buf)
	if err != nil {
		return found{}, err
	}
	c, ok := parse(line)
	if !ok {
		return found{}, errOther
	}
	f := found{tid: tid, line: string(line), call: c}
	r.complete(&f)
	return f, nil
}

// complete adds what the line alone does not say.
func (r *Reader) complete(f *found) {
	if f.array != 0 {
		r.polled(&f.call)
	}
	if f.fd != waits.NoFD {
		f.link = r.link(f.fd)
	}
}

// alive reports whether the process is still there.
func (r *Reader) alive() bool {
	_, err := r.read("stat", make([]byte, maxLine))
	return err == nil
}

// Confirm reads the threads of a first look once more and keeps those that are still in the same call for the same
// object. known are the sockets that were read meanwhile; what they lack is looked up.
func (r *Reader) Confirm(ctx context.Context, first *Look, known Sockets) (*waits.Snapshot, error) {
	return bounded(ctx, r, answerWithin, func(ctx context.Context) (*waits.Snapshot, error) {
		return r.confirm(ctx, first, known)
	})
}

func (r *Reader) confirm(ctx context.Context, first *Look, known Sockets) (*waits.Snapshot, error) {
	s := &waits.Snapshot{Before: first.Began, LeftOut: first.leftOut, Denied: first.denied}
	began := time.Now()
	buf := make([]byte, maxLine)
	var same []found
	for i, was := range first.found {
		if ctx.Err() != nil || time.Since(began) > lookFor {
			s.LeftOut += len(first.found) - i
			break
		}
		if now, err := r.found(was.tid, buf); err != nil || now != was {
			s.Changed++
			continue
		}
		same = append(same, was)
	}
	s.After = time.Now()
	if len(same) == 0 && !r.alive() {
		return nil, fs.ErrNotExist
	}
	err := r.find(unknown(same, known), first.Ended, known)
	for _, f := range same {
		o, _ := objectOf(f.link, known)
		s.Waits = append(s.Waits, waits.Wait{TID: int64(f.tid), NID: r.nid(f.tid), Call: f.name, FD: f.fd, Events: f.events,
			Kind: o.Kind, Local: o.Local, Remote: o.Remote, Path: o.Path})
	}
	return s, err
}

// unknown are the sockets among what was found that are not known.
func unknown(list []found, known Sockets) map[string]bool {
	missing := map[string]bool{}
	for _, f := range list {
		if inode, ok := inodeOf(f.link); ok {
			if _, ok = known[inode]; !ok {
				missing[inode] = true
			}
		}
	}
	return missing
}
