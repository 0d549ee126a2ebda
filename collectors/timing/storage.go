package timing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
)

const (
	probePrefix = ".casefile-probe-"
	// leftoverAge is from when on a folder of casefile's own is one of a killed run.
	leftoverAge = time.Hour
	// leastFree is the room below which nothing is written.
	leastFree = 64 << 20
	// fileEvery is the time between two files.
	fileEvery = time.Second
	fileSize  = 4096
	// burst is how many empty files the metadata rate is taken from, for at most
	// burstLimit.
	burst      = 50
	burstLimit = 500 * time.Millisecond
	// stuckAfter is how long one operation may take. One that takes longer cannot be
	// ended: it is told and left alone.
	stuckAfter = 3 * time.Second
	// listMost is how many names of the folder are looked at for leftovers.
	listMost = 4096
)

// folder is the file system of one probed folder; a test may put a slow or a full
// one in its place. All names are below that folder.
type folder interface {
	Free() (uint64, error) // bytes that we may write
	Names(most int) ([]string, error)
	Age(name string) (time.Duration, error)
	Mkdir(name string) error
	Create(name string) (file, error)
	Open(name string) (file, error)
	Stat(name string) error
	Rename(from, to string) error
	Remove(name string) error
	RemoveAll(name string) error
	Close() error
}

type file interface {
	Read([]byte) (int, error)
	Write([]byte) (int, error)
	Sync() error
	// Lock takes the lock of the whole file, and gives it back.
	Lock() error
	Close() error
}

// storageProbe writes small files into one folder. All of it runs in one goroutine,
// so that a mount that never answers holds up only that one; what it does at the
// moment is known outside.
type storageProbe struct {
	path string
	kind string
	open func(path string) (folder, error)
	// stuckAfter and every are the constants but in tests.
	stuckAfter, every time.Duration

	mu     sync.Mutex
	doing  string
	since  time.Time
	gaveUp bool
	result timing.Probe
	dists  map[string]*dist
}

func newStorageProbe(s plan.Storage) *storageProbe {
	p := &storageProbe{path: s.Path, kind: s.Kind, open: openFolder, stuckAfter: stuckAfter, every: fileEvery, dists: map[string]*dist{}}
	p.result = timing.Probe{Target: s.Path, Kind: s.Kind,
		Note: "files of 4 KiB in a folder of casefile's; read and stat come from the cache of most systems"}
	switch s.Kind {
	case plan.SharedHome:
		p.result.Limit = timing.LimitFor(timing.MeasureSharedHome)
	case plan.LocalHome:
		p.result.Limit = timing.LimitFor(timing.MeasureLocalDisk)
	}
	return p
}

// run probes until a moment or the end of ctx and returns once its folder is removed
// again, or when one operation is stuck.
func (p *storageProbe) run(ctx context.Context, until time.Time) timing.Probe {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.work(ctx)
	}()
	watch := time.NewTicker(max(p.stuckAfter/20, time.Millisecond))
	defer watch.Stop()
	for {
		select {
		case <-done:
			return p.summary()
		case <-watch.C:
			if p.stuck() {
				return p.summary()
			}
		}
	}
}

// stuck reports whether the operation at hand takes too long, and gives up on it.
func (p *storageProbe) stuck() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doing == "" || time.Since(p.since) < p.stuckAfter {
		return false
	}
	p.gaveUp = true
	p.result.Failures++
	p.result.Tries = max(p.result.Tries, p.result.Failures)
	p.result.Stuck = fmt.Sprintf("%s has not come back for %v, since %s: the disk or the mount does not answer",
		p.doing, p.stuckAfter, p.since.UTC().Format(time.RFC3339Nano))
	return true
}

func (p *storageProbe) summary() timing.Probe {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.result
	for _, name := range []string{timing.StepCreate, timing.StepWrite, timing.StepSync, timing.StepDurable, timing.StepStat, timing.StepRead, timing.StepRename, timing.StepDelete, timing.StepLock} {
		if d := p.dists[name]; d != nil {
			r.Steps = append(r.Steps, d.timed(name))
		}
	}
	return r
}

// errGaveUp ends the work after an operation that was given up came back after all.
var errGaveUp = errors.New("given up")

// do runs one operation in sight of the watch. name is "" for what is not measured.
func (p *storageProbe) do(what, name string, f func() error) error {
	p.mu.Lock()
	if p.gaveUp {
		p.mu.Unlock()
		return errGaveUp
	}
	p.doing, p.since = what, time.Now()
	p.mu.Unlock()
	from := time.Now()
	err := f()
	took := time.Since(from)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing = ""
	if p.gaveUp {
		return errGaveUp
	}
	if err == nil && name != "" {
		p.record(name, took)
	}
	return err
}

func (p *storageProbe) record(name string, took time.Duration) {
	d := p.dists[name]
	if d == nil {
		d = newDist()
		p.dists[name] = d
	}
	d.add(took)
}

// work is the goroutine. Whatever happens, it removes its folder; when an operation
// was given up and comes back at last, that too.
func (p *storageProbe) work(ctx context.Context) {
	var f folder
	if err := p.do("opening the folder", "", func() (err error) { f, err = p.open(p.path); return err }); err != nil {
		if f != nil {
			f.Close()
		}
		p.refuse(err)
		return
	}
	defer f.Close()
	if err := p.do("asking for free space", "", func() error { return room(f) }); err != nil {
		p.refuse(err)
		return
	}
	_ = p.do("looking for leftovers", "", func() error { return sweep(f) }) // those left are swept another time
	dir := probePrefix + randomName()
	if err := p.do("creating a folder", "", func() error { return f.Mkdir(dir) }); err != nil {
		if errors.Is(err, errGaveUp) {
			f.RemoveAll(dir)
		}
		p.refuse(err)
		return
	}
	defer p.clean(f, dir)
	p.rate(ctx, f, dir)
	for tick := newTick(p.every, farAway); tick.wait(ctx); {
		if err := p.one(f, dir+"/file"); errors.Is(err, errGaveUp) {
			return
		} else {
			p.count(err)
		}
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		p.note(p.lock(f, dir+"/lock"))
	}
}

// lock locks a file once. It comes last: where the server of locks is gone, the kernel may wait for it for ever.
func (p *storageProbe) lock(f folder, name string) error {
	var h file
	if err := p.do("creating a file", "", func() (err error) { h, err = f.Create(name); return err }); err != nil {
		return nil // the rounds tell
	}
	defer h.Close()
	if err := p.do(timing.StepLock, timing.StepLock, h.Lock); err != nil {
		return fmt.Errorf("%s: %w", timing.StepLock, err)
	}
	return nil
}

var farAway = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// clean removes the folder in sight of the watch; after giving up, out of sight.
func (p *storageProbe) clean(f folder, dir string) {
	err := p.do("removing our folder", "", func() error { return f.RemoveAll(dir) })
	if errors.Is(err, errGaveUp) {
		err = f.RemoveAll(dir)
	}
	if err != nil {
		p.note(fmt.Errorf("%s is left behind: %w", dir, err))
	}
}

// one writes, reads and removes one file. Each part ends the round when it fails.
func (p *storageProbe) one(f folder, name string) (err error) {
	var h file
	moved := name + ".renamed"
	defer func() {
		if h != nil {
			h.Close()
		}
		if err != nil { // the next round needs the names
			_ = p.do("removing a file", "", func() error { return errors.Join(f.Remove(name), f.Remove(moved)) })
		}
	}()
	from := time.Now()
	page := make([]byte, fileSize)
	for _, s := range []struct {
		name string
		f    func() error
	}{
		{timing.StepCreate, func() (err error) { h, err = f.Create(name); return err }},
		{timing.StepWrite, func() error { _, err := h.Write(page); return err }},
		{timing.StepSync, func() error { return h.Sync() }},
		{timing.StepDurable, nil},
		{"", func() error { err := h.Close(); h = nil; return err }},
		{timing.StepStat, func() error { return f.Stat(name) }},
		{timing.StepRead, func() error { return readAll(f, name, page) }},
		{timing.StepRename, func() error { return f.Rename(name, moved) }},
		{timing.StepDelete, func() error { return f.Remove(moved) }},
	} {
		if s.f == nil {
			p.mu.Lock()
			p.record(s.name, time.Since(from))
			p.mu.Unlock()
			continue
		}
		if err := p.do(doingWord(s.name), s.name, s.f); err != nil {
			return fmt.Errorf("%s: %w", doingWord(s.name), err)
		}
	}
	return nil
}

func doingWord(step string) string {
	if step == "" {
		return "close"
	}
	return step
}

func readAll(f folder, name string, page []byte) error {
	h, err := f.Open(name)
	if err != nil {
		return err
	}
	defer h.Close()
	n, err := h.Read(page)
	if err == nil && n != fileSize {
		err = fmt.Errorf("%d of %d bytes came back", n, fileSize)
	}
	return err
}

// rate measures how many operations on names the file system does in a second.
func (p *storageProbe) rate(ctx context.Context, f folder, dir string) {
	from, ops := time.Now(), 0
	for i := range burst {
		if ctx.Err() != nil || time.Since(from) > burstLimit {
			break
		}
		name := fmt.Sprintf("%s/m%d", dir, i)
		err := p.do("creating an empty file", "", func() error {
			h, err := f.Create(name)
			if err != nil {
				return err
			}
			return h.Close()
		})
		if err == nil {
			err = p.do("asking for a file", "", func() error { return f.Stat(name) })
		}
		if err == nil {
			err = p.do("removing a file", "", func() error { return f.Remove(name) })
		}
		if err != nil {
			return // the rounds will tell
		}
		ops += 3
	}
	if took := time.Since(from).Seconds(); ops > 0 && took > 0 {
		p.mu.Lock()
		p.result.Rate = float64(ops) / took
		p.mu.Unlock()
	}
}

func (p *storageProbe) count(err error) {
	p.mu.Lock()
	p.result.Tries++
	if err != nil {
		p.result.Failures++
	}
	p.mu.Unlock()
	p.note(err)
}

func (p *storageProbe) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Errors = noteError(p.result.Errors, err)
}

// maxProbeErrors is how many different errors are told.
const maxProbeErrors = 5

// noteError adds an error that is not there yet.
func noteError(list []string, err error) []string {
	if err == nil || errors.Is(err, errGaveUp) || len(list) >= maxProbeErrors {
		return list
	}
	for _, e := range list {
		if e == err.Error() {
			return list
		}
	}
	return append(list, err.Error())
}

// refuse notes why nothing was tried.
func (p *storageProbe) refuse(err error) {
	if errors.Is(err, errGaveUp) {
		return // told as stuck
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Refused = err.Error()
	if errors.Is(err, fs.ErrPermission) {
		p.result.Refused += ": run casefile as the user of the service"
	}
}

var errNoRoom = errors.New("not written to")

// room refuses a file system that is nearly full: ours must not be the last block.
func room(f folder) error {
	free, err := f.Free()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	case free < leastFree:
		return fmt.Errorf("%w: %d MiB free, at least %d MiB must be", errNoRoom, free>>20, leastFree>>20)
	}
	return nil
}

// sweep removes what killed runs left.
func sweep(f folder) error {
	names, err := f.Names(listMost)
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range names {
		if !ours(n) {
			continue
		}
		if age, err := f.Age(n); err != nil || age < leftoverAge {
			continue // of a run that goes on
		}
		errs = append(errs, f.RemoveAll(n))
	}
	return errors.Join(errs...)
}

// ours reports whether a name is exactly one that randomName makes.
func ours(name string) bool {
	rest, found := strings.CutPrefix(name, probePrefix)
	if !found || len(rest) != 2*randomBytes {
		return false
	}
	b, err := hex.DecodeString(rest)
	return err == nil && hex.EncodeToString(b) == rest
}

const randomBytes = 8

func randomName() string {
	var b [randomBytes]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
