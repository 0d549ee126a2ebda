package jvm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

// A thread dump has no virtual thread but those that a carrier runs at its moment.
// Thread.dump_to_file (JDK 21) lists all: the JVM writes the list by itself, without a
// safepoint, so that it is not of one moment. With many of them it is long: what a list
// may take of the JVM's disk and of its time is bounded.
const (
	virtualItem   = entries.ItemVirtualThreads
	virtualPrefix = "casefile-threads-"
	virtualFile   = "threads.txt"
	virtualFrom   = 21
	virtualMost   = 64 << 20 // bytes of a list, some 20,000 threads
	virtualSpace  = 4 * virtualMost
	virtualWithin = 5 * time.Second
	virtualBudget = 2 * time.Second // of a capture: then no more lists are asked for
)

// virtualMarks stand in the dumps of a JVM that has had virtual threads: the thread that
// wakes them, a carrier at work, the first pool of carriers.
var virtualMarks = [][]byte{[]byte(`"VirtualThread-un`), []byte("Carrying virtual thread #"), []byte(`"ForkJoinPool-1-worker-`)}

// virtualLists is what a capture has had of them.
type virtualLists struct {
	spent time.Duration
	taken int
	off   bool
	late  func() // ends the watch over one that the JVM had not ended in time; nil: none
}

// close lets go of a list that was late.
func (v *virtualLists) close() {
	if v.late != nil {
		v.late()
	}
}

// listVirtual keeps the list of virtual threads next to a dump of a JVM that has some.
// It takes no longer than until next.
func (c *capture) listVirtual(ctx context.Context, name string, dump []byte, next time.Time) {
	if c.virtual.off || c.Major < virtualFrom || !slices.ContainsFunc(virtualMarks, func(m []byte) bool { return bytes.Contains(dump, m) }) {
		return
	}
	within := min(virtualWithin, time.Until(next)-2*readyBefore)
	if within <= 0 {
		return
	}
	if err := c.keepVirtual(ctx, name, within); err != nil {
		c.virtual.off = true
		c.LostFor(virtualItem, err, explainFix(err))
		return
	}
	if each := c.virtual.spent / time.Duration(max(c.virtual.taken, 1)); c.virtual.spent+each > virtualBudget && !c.virtual.off {
		c.virtual.off = true
		c.Skip(virtualItem+"-rest", entries.Costly, fmt.Sprintf("a list of this JVM's virtual threads takes %v of one of its threads: %d were taken", each.Round(10*time.Millisecond), c.virtual.taken), "")
	}
}

func (c *capture) keepVirtual(ctx context.Context, name string, within time.Duration) error {
	if free, known := c.freeScratch(); known && free < virtualSpace {
		return entries.Errorf(entries.NoSpace, "%s of the JVM has %d MB free, a list of its virtual threads may need %d MB", scratchDir, free>>20, virtualSpace>>20)
	}
	if err := c.removeAbandoned(virtualPrefix); err != nil {
		return err
	}
	folder, err := c.makeScratch(c.scratchName(virtualPrefix), map[string][]byte{virtualFile: nil})
	if err != nil {
		return err
	}
	defer c.dropScratch(folder, entries.ItemVirtualOff) // what the JVM still writes then goes with its file
	list, err := c.openOwn(folder, virtualFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%v", within.Round(time.Millisecond)))
	defer cancel()
	bound := bindSize(list, virtualMost)
	text, at, err := c.ask(ctx, "jcmd", "Thread.dump_to_file -overwrite "+path.Join(folder, virtualFile))
	c.virtual.spent += at.ended.Sub(at.began)
	late := errors.Is(err, ErrNoAnswer)
	if late { // it still writes, and must not fill the disk
		c.virtual.off, c.virtual.late = true, func() { bound(); list.Close() }
		c.Skip(virtualItem+"-rest", entries.TimedOut, fmt.Sprintf("the list was not complete after %v: what there was of it is kept", within.Round(time.Millisecond)), "a longer --dump-interval")
	} else {
		defer list.Close()
		if bound() {
			c.Skip(virtualItem+"-rest", entries.TooLarge, fmt.Sprintf("there are so many virtual threads that only the first %d MB of their list are kept", virtualMost>>20), "")
		}
		if err == nil && !strings.Contains(string(text), "Created") {
			err = entries.Errorf(entries.Refused, "the JVM did not list its virtual threads: %s", firstLine(text))
		}
		if err != nil {
			return err
		}
	}
	st, err := list.Stat()
	if err != nil {
		return err
	}
	written := io.NewSectionReader(list, 0, min(st.Size(), virtualMost))
	if some, err := listsVirtual(written); err != nil || !some {
		c.virtual.off = true // there were some, or it was another's pool
		return err
	}
	if _, err := written.Seek(0, io.SeekStart); err != nil {
		return err
	}
	c.virtual.taken++
	c.Copy(collectors.Evidence{Name: entries.VirtualThreads.Of(name), Item: virtualItem, Source: "attach: Thread.dump_to_file", Started: at.began, Ended: at.ended}, written) // tells the ledger itself
	return nil
}

// openOwn opens a file that was just made in a folder of casefile's own.
func (j *JVM) openOwn(folder, file string) (*os.File, error) {
	tmp, err := j.tmp()
	if err != nil {
		return nil, err
	}
	defer tmp.Close()
	return tmp.OpenMade(path.Base(folder), file)
}

// bindSize keeps a file that another process writes from growing beyond most: what is
// written behind that goes back to the disk. The function that it returns ends that, and
// reports whether it was needed.
func bindSize(f *os.File, most int64) func() bool {
	done, ended := make(chan struct{}), make(chan bool)
	go func() {
		cut := false
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		look := func() {
			if st, err := f.Stat(); err == nil && st.Size() > most {
				cut = true
				_ = f.Truncate(most)
			}
		}
		for {
			select {
			case <-done:
				look()
				ended <- cut
				return
			case <-tick.C:
				look()
			}
		}
	}()
	return func() bool {
		close(done)
		return <-ended
	}
}

// listsVirtual reports whether one of the threads of a list is virtual:
//
//	#680 "tomcat-handler-626" virtual TIMED_WAITING 2026-11-25T16:39:44.502441922Z
//	#31 "" virtual
func listsVirtual(list io.Reader) (bool, error) {
	lines := bufio.NewReader(list)
	for {
		line, err := lines.ReadSlice('\n')
		if bytes.HasPrefix(line, []byte("#")) {
			if _, behind, ok := bytes.Cut(line, []byte(`" virtual`)); ok && (len(behind) == 0 || behind[0] == ' ' || behind[0] == '\n') {
				return true, nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return false, err
		}
	}
}
