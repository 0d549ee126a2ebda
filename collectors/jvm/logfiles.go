package jvm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"casefile/bundle/format/charset"
	"casefile/collectors"
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

// logs copies configuration, then GC logs (the ones that rotate away first),
// then application logs; each kind newest first, until the budget is spent.
func (c *capture) logs(ctx context.Context) {
	left := budget(c.Plan.MaxLogBytes)
	c.copyFiles(ctx, "config", "config", c.configFiles(), new(budget(1<<62)))
	gc, err := c.gcLogFiles()
	if err != nil {
		c.LostErr("gc-log", err)
	}
	c.copyFiles(ctx, "gc-log", "gc", gc, &left)
	files := c.productLogs()
	c.copyFiles(ctx, "logs", "logs", slices.DeleteFunc(files, func(f collectors.File) bool { return has(gc, f.Path) }), &left)
}

// copyFiles stores files below dir, the newest part of each that fits.
func (c *capture) copyFiles(ctx context.Context, item, dir string, files []collectors.File, left *budget) {
	taken := map[string]int{}
	for _, f := range files {
		if ctx.Err() != nil {
			c.Lost(item, "the capture was ended early", "")
			return
		}
		size := f.Size
		if item == "logs" {
			size = min(size, maxTail)
		}
		n := left.take(size)
		if n == 0 && f.Size > 0 {
			c.Skip(item+"-rest", "older files left out: --max-log-bytes is reached", fmt.Sprintf("--max-log-bytes %d", 4*c.Plan.MaxLogBytes))
			return
		}
		name := collectors.SafeName(path.Base(f.Path))
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s.%d", name, taken[name])
		}
		if err := c.copyTail(item, path.Join(dir, name), f.Path, n); err != nil {
			if ctx.Err() == nil && !errors.Is(err, fs.ErrNotExist) { // rotated away meanwhile
				c.LostErr(item, err)
			}
		}
	}
}

// copyTail stores the last n bytes of a file as it is now. What is left of a
// cut first line is dropped.
func (c *capture) copyTail(item, name, file string, n int64) error {
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
	var in io.Reader = io.LimitReader(f, max(n, st.Size()))
	if skip := st.Size() - n; skip > 0 {
		skip &^= 1 // UTF-16 is cut between two characters
		if _, err := f.Seek(skip, io.SeekStart); err != nil {
			return err
		}
		e.Truncated = fmt.Sprintf("the last %d of %d bytes", n, st.Size())
		in = wholeLines(io.LimitReader(f, st.Size()-skip))
	}
	c.Copy(e, in) // has told the ledger itself
	return nil
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
func (j *JVM) configFiles() []collectors.File {
	return j.globAll(j.Product.Locate(j.traits(), j.Tree).Config)
}

// productLogs are the logs of the product and the file its stdout goes to.
func (j *JVM) productLogs() []collectors.File {
	patterns := j.Product.Locate(j.traits(), j.Tree).Logs
	for _, fd := range []string{"1", "2"} {
		if file, err := os.Readlink(filepath.Join(j.dir, "fd", fd)); err == nil && path.IsAbs(file) && !strings.HasPrefix(file, "/dev/") {
			patterns = append(patterns, globLiteral(file))
		}
	}
	return j.globAll(patterns)
}

// globAll returns the files of all patterns once each, newest first.
func (j *JVM) globAll(patterns []string) []collectors.File {
	var all []collectors.File
	for _, p := range patterns {
		files, err := j.Tree.Glob(p)
		if err != nil {
			continue // a folder we may not read; the copy of others goes on
		}
		for _, f := range files {
			if !has(all, f.Path) {
				all = append(all, f)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b collectors.File) int { return b.ModTime.Compare(a.ModTime) })
	return all
}

func has(files []collectors.File, name string) bool {
	return slices.ContainsFunc(files, func(f collectors.File) bool { return f.Path == name })
}

// globLiteral makes a pattern that matches one name only.
func globLiteral(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}
