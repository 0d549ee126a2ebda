package agent

import (
	"errors"
	"os"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/seal"
	"casefile/collectors"
)

// pollEvery is how often the size of a growing bundle is looked at. Nothing is
// polled while no capture runs.
const pollEvery = 100 * time.Millisecond

// now returns the capture as it stands.
func (c *capture) now() view {
	v, _ := c.wait()
	return v
}

// wait returns the capture as it stands, and what is closed when that changes.
func (c *capture) wait() (view, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view, c.changed
}

func (c *capture) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// tell is the progress of the collectors.
func (c *capture) tell(e collectors.Event) { c.update(func() { c.view.log.add(e) }) }

// opened is told the bundle as soon as it is there.
func (c *capture) opened(w *bundle.Writer) error {
	file, err := os.Open(c.path)
	if err != nil {
		return err
	}
	f := w.Sealed().Follow(file)
	c.update(func() { c.out, c.view.file, c.view.status.State = w, f, Capturing })
	c.measure()
	return nil
}

// watch measures the bundle until the function that it returns is called.
func (c *capture) watch() (end func()) {
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				c.measure()
			}
		}
	})
	return func() { close(quit); wg.Wait() }
}

// measure notes how much of the bundle can be sent, and ends the capture when
// that nears the limit. Update runs between two entries, never within one: an
// entry that did not fit on the disk is taken back before the next Update.
func (c *capture) measure() {
	c.mu.Lock()
	out, file, known := c.out, c.view.file, c.view.status.Bytes
	c.mu.Unlock()
	if out == nil {
		return
	}
	var size int64
	out.Update(func(*bundle.Manifest) { size = file.Size() })
	if size <= known {
		return
	}
	c.update(func() { c.view.status.Bytes = size })
	if size > c.limit-c.limit/10 { // what jobs still add while they end, and the manifest
		c.stop(fullError{c.limit})
	}
}

// finish publishes the closed bundle. closing is what went wrong at its end.
func (c *capture) finish(w *bundle.Writer, cause, closing error) error {
	f, err := os.Open(c.path)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	var plain *seal.Plain
	if err == nil {
		plain, err = c.keys.Open(f, st.Size())
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	c.update(func() {
		s := &c.view.status
		if c.out != nil && c.out != w {
			s.Generation++
		}
		c.swap(whole{plain, f})
		s.State, s.Bytes = Done, plain.Size()
		if cause != nil {
			s.Interrupted = cause.Error()
		}
		if closing != nil {
			s.Error, s.Cause = closing.Error(), entries.CauseOf(closing)
		}
	})
	return nil
}

// swap puts another file in the place of the one that is streamed. A stream that
// reads the old one at this moment gets os.ErrClosed and looks again.
func (c *capture) swap(f content) {
	if c.view.file != nil {
		c.view.file.Close()
	}
	c.view.file = f
}

func (c *capture) fail(err error) {
	c.update(func() {
		c.swap(nil)
		s := &c.view.status
		s.State, s.Error, s.Cause, s.Bytes = Failed, err.Error(), entries.CauseOf(err), 0
	})
}

// discard removes what a capture that has ended keeps on disk.
func (c *capture) discard(s *spool) {
	c.update(func() {
		if c.expire != nil {
			c.expire.Stop()
		}
		c.swap(nil)
		if c.view.status.State == Done {
			end := &c.view.status
			end.State, end.Error, end.Cause = Failed, "the bundle was removed from the node", entries.Gone
		}
	})
	s.removeAll(c.id)
}
