package jvm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	deadline "casefile/bundle/format/budget"
	"casefile/bundle/format/charset"
	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/access"
)

// maxTail is how much of the end of one application log is kept.
const maxTail = 16 << 20

// budget is what may still be copied of the logs of one target.
type budget int64

func (b *budget) take(want int64) int64 {
	n := min(want, int64(*b))
	*b -= budget(n)
	return n
}

// quietFor is how long nobody has written to a log that is done with.
const quietFor = 10 * time.Minute

// logsWithin bounds what is copied after the end of the capture.
const logsWithin = 6 * time.Second

// logs copies configuration and the logs that nobody writes to any more; the others at the
// end of the capture, so that they tell of it. GC logs come first, because they rotate away,
// then application logs; each kind newest first, until the budget is spent.
func (c *capture) logs(ctx context.Context) {
	names := map[string]int{}
	config, err := c.configFiles()
	if err != nil {
		c.LostErr(entries.ItemConfig, err)
	}
	left := budget(maxConfigs)
	if got := c.copyFiles(ctx, entries.ItemConfig, entries.Config, config, &left, names, maxConfigs); len(got) < len(config) {
		c.Lost(entries.ItemConfig, entries.EndedEarly, "the capture was ended early", "")
	}
	l := &logCopies{left: budget(c.Plan.MaxLogBytes), names: names}
	app := c.logPatterns()
	kinds := c.logKinds(app)                           // what fails is told at the end
	written := l.left.take(sizeOf(kinds, c.isWritten)) // kept for them
	l.copy(ctx, c, kinds, func(f access.File) bool { return !c.isWritten(f) })
	c.plugins()
	collectors.Wait(ctx, c.End())
	ctx, cancel := l.untilEnd(ctx)
	defer cancel()
	l.left += budget(written)
	kinds = c.logKinds(app)
	for _, k := range kinds {
		if k.err != nil {
			c.LostErr(k.item, k.err)
		}
	}
	l.copy(ctx, c, kinds, func(access.File) bool { return true })
	if ctx.Err() != nil {
		c.Lost(entries.ItemLogs, entries.TimedOut, "no time was left to copy all of them", "capture again, with less of each: --max-log-bytes")
	}
	if gc := kinds[0].files; len(gc) > 0 && c.Major > 0 && c.Major < 9 && !slices.ContainsFunc(gc, func(f access.File) bool { return f.Size > 0 }) {
		c.Skip(entries.ItemGCLogContent, entries.NotThere, fmt.Sprintf("the GC log is empty: JDK %d writes it from the first collection on", c.Major), "")
	}
}

// untilEnd gives the context for the logs that are copied at the end. After a signal the leak check needs a part of the time
// too, and the last lines of each log must do.
func (l *logCopies) untilEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	within := logsWithin
	if l.hurried = ctx.Err() != nil; l.hurried {
		within = deadline.FinishTime / 2
	}
	last, stop := deadline.Afterwards(ctx)
	last, cancel := context.WithTimeoutCause(last, within, fmt.Errorf("%v", within))
	return last, func() { cancel(); stop() }
}

// logKind is the files of one item of the ledger, newest first.
type logKind struct {
	item  string
	file  entries.File
	files []access.File
	err   error // why there may be more
}

func (c *capture) logKinds(patterns []string) []logKind {
	gc, gcErr := c.gcLogFiles()
	app, appErr := c.globAll(patterns)
	app = slices.DeleteFunc(app, func(f access.File) bool { return has(gc, f.Path) })
	return []logKind{{entries.ItemGCLog, entries.GCLog, gc, gcErr}, {entries.ItemLogs, entries.Log, app, appErr}}
}

// isWritten tells a log that may grow during the capture.
func (c *capture) isWritten(f access.File) bool {
	return f.Newest || c.Start().Sub(f.ModTime) < quietFor
}

func sizeOf(kinds []logKind, counts func(access.File) bool) (sum int64) {
	for _, k := range kinds {
		for _, f := range k.files {
			if counts(f) {
				sum += kept(k.item, f)
			}
		}
	}
	return sum
}

// kept is how much of a file is copied at most.
func kept(item string, f access.File) int64 {
	if item == entries.ItemLogs {
		return min(f.Size, maxTail)
	}
	return f.Size
}

// logCopies is what was copied so far.
type logCopies struct {
	left  budget
	names map[string]int
	done  []access.File

	hurried bool // by a signal: the last hurriedTail of each
}

// hurriedTail is what a signal leaves time for, of each log, in bytes.
const hurriedTail = 256 << 10

// copy copies what was not yet, under whatever name it had.
func (l *logCopies) copy(ctx context.Context, c *capture, kinds []logKind, wanted func(access.File) bool) {
	for _, k := range kinds {
		todo := slices.DeleteFunc(slices.Clone(k.files), func(f access.File) bool {
			return !wanted(f) || slices.ContainsFunc(l.done, func(d access.File) bool { return os.SameFile(d.Info, f.Info) })
		})
		most := int64(math.MaxInt64)
		if l.hurried {
			most = hurriedTail
		}
		l.done = append(l.done, c.copyFiles(ctx, k.item, k.file, todo, &l.left, l.names, most)...)
	}
}

// copyFiles stores files as entries of one kind, the newest part of each that fits, and returns those
// that it has dealt with. names are the names that are taken, most
// what is kept of one file.
func (c *capture) copyFiles(ctx context.Context, item string, file entries.File, files []access.File, left *budget, names map[string]int, most int64) []access.File {
	for i, f := range files {
		if ctx.Err() != nil {
			return files[:i]
		}
		n := left.take(min(kept(item, f), most))
		if n == 0 && f.Size > 0 {
			c.Skip(item+"-rest", entries.TooLarge, "older files left out: --max-log-bytes is reached", fmt.Sprintf("--max-log-bytes %d", 4*c.Plan.MaxLogBytes))
			return files[:i]
		}
		name := file.Of(collectors.SafeName(path.Base(f.Path)))
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s.%d", name, names[name])
		}
		if err := c.copyTail(ctx, item, name, f.Path, n); err != nil {
			if ctx.Err() == nil && !errors.Is(err, fs.ErrNotExist) { // rotated away meanwhile
				c.LostErr(item, err)
			}
		}
	}
	return files
}

// copyTail stores the last n bytes of a file as it is now. What is left of a
// cut first line is dropped.
func (c *capture) copyTail(ctx context.Context, item, name, file string, n int64) error {
	f, err := c.Tree.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	e := collectors.Evidence{Name: name, Item: item, Source: file}
	in := io.LimitReader(f, max(n, st.Size()))
	if skip := st.Size() - n; skip > 0 {
		skip &^= 1 // UTF-16 is cut between two characters
		if _, err := f.Seek(skip, io.SeekStart); err != nil {
			return err
		}
		e.Truncated = fmt.Sprintf("the last %d of %d bytes", n, st.Size())
		in = wholeLines(io.LimitReader(f, st.Size()-skip))
	}
	c.Copy(e, &untilDone{ctx, in}) // has told the ledger itself
	return nil
}

// untilDone is a reader that fails when ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, entries.Errorf(entries.TimedOut, "no time was left to copy all of it (%w)", context.Cause(u.ctx))
	}
	return u.r.Read(p)
}

// wholeLines drops what is left of the line that the start of r was cut from: everything up to the first line end, for
// the key that tells a secret may have been cut off.
func wholeLines(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	head, _ := in.Peek(charset.HeadLen) // the next read tells the error
	lineEnd := []byte{'\n'}
	switch enc, _ := charset.Sniff(head); enc {
	case charset.UTF16LE:
		lineEnd = []byte{'\n', 0}
	case charset.UTF16BE:
		lineEnd = []byte{0, '\n'}
	}
	return &afterLineEnd{in: in, lineEnd: lineEnd}
}

type afterLineEnd struct {
	in      *bufio.Reader
	lineEnd []byte
	past    bool
}

func (a *afterLineEnd) Read(p []byte) (int, error) {
	var unit [2]byte
	for !a.past {
		u := unit[:len(a.lineEnd)]
		if _, err := io.ReadFull(a.in, u); errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, io.EOF
		} else if err != nil {
			return 0, err
		}
		a.past = bytes.Equal(u, a.lineEnd)
	}
	return a.in.Read(p)
}

// configFiles are the configuration files of the product.
func (j *JVM) configFiles() ([]access.File, error) {
	all, err := j.globAll(j.Product.Locate(j.traits(), j.Tree).Config)
	errs := []error{err}
	left := budget(maxConfigs)
	return slices.DeleteFunc(all, func(f access.File) bool {
		switch {
		case f.Size > maxConfig:
			errs = append(errs, entries.Errorf(entries.TooLarge, "%s: %d MB are more than a configuration file has", f.Path, f.Size>>20))
		case left.take(f.Size) < f.Size:
			left = 0
			errs = append(errs, entries.Errorf(entries.TooLarge, "more configuration files than the %d MB that are read", maxConfigs>>20))
		default:
			return false
		}
		return true
	}), errors.Join(errs...)
}

// plugins lists the files of the product's plugins, whose names have their versions. Nothing is read of them.
func (c *capture) plugins() {
	patterns := c.Product.Locate(c.traits(), c.Tree).Plugins
	if len(patterns) == 0 {
		return
	}
	at := time.Now()
	files, err := c.globAll(patterns)
	if err != nil {
		c.LostErr(entries.ItemPlugins, err)
	}
	if len(files) == 0 {
		return
	}
	var names []string
	for _, f := range files {
		names = append(names, path.Base(f.Path))
	}
	slices.Sort(names)
	c.Add(collectors.Evidence{Name: string(entries.Plugins), Item: entries.ItemPlugins, Source: strings.Join(patterns, " "), Started: at},
		[]byte(strings.Join(slices.Compact(names), "\n")+"\n"))
}

// logPatterns find the logs of the product and the files its output goes to.
func (j *JVM) logPatterns() []string {
	patterns := j.Product.Locate(j.traits(), j.Tree).Logs
	for _, fd := range []string{"1", "2"} {
		if file, err := os.Readlink(filepath.Join(j.dir, "fd", fd)); err == nil && path.IsAbs(file) && !strings.HasPrefix(file, "/dev/") {
			patterns = append(patterns, globLiteral(file))
		}
	}
	return patterns
}

// maxPatterns is how many patterns of files are looked at for one JVM.
const maxPatterns = 200

var errPatterns = entries.Errorf(entries.TooLarge, "the command line names more than %d files and patterns of files: the rest is not looked at", maxPatterns)

// globAll returns the files of all patterns once each, newest first. Errors come with what
// was found.
func (j *JVM) globAll(patterns []string) ([]access.File, error) {
	var all []access.File
	var errs []error
	if len(patterns) > maxPatterns {
		patterns, errs = patterns[:maxPatterns], append(errs, errPatterns)
	}
	for _, p := range patterns {
		files, err := j.Tree.Glob(p)
		errs = append(errs, err)
		for _, f := range files {
			if !has(all, f.Path) {
				all = append(all, f)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b access.File) int { return b.ModTime.Compare(a.ModTime) })
	return all, errors.Join(errs...)
}

func has(files []access.File, name string) bool {
	return slices.ContainsFunc(files, func(f access.File) bool { return f.Path == name })
}

// globLiteral makes a pattern that matches one name only.
func globLiteral(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}
