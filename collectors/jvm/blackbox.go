package jvm

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/access"
)

const (
	boxItem = entries.ItemRepository
	// chunkHeader is the size of a chunk that was just opened: it holds nothing yet.
	chunkHeader = 68
)

// blackBox copies the chunks of a running recording out of the JVM's repository,
// once: that needs nothing of the JVM. It writes to the open one every second.
func (c *capture) blackBox(ctx context.Context) {
	if c.boxed {
		return
	}
	c.boxed = true
	dir, open := c.repository()
	if dir == "" {
		return
	}
	if path.Ext(open) == partial {
		c.Skip(boxItem+"-open", entries.Unsupported, "before JDK 14 a chunk says what its events are only when it is full: "+open+" cannot be read yet", "")
	}
	chunks, err := c.Tree.Glob(globLiteral(dir) + "/*.jfr")
	if err != nil {
		c.LostErr(boxItem, err)
		return
	}
	left := budget(c.Plan.MaxLogBytes)
	for _, f := range chunks { // newest first
		switch {
		case ctx.Err() != nil:
			c.Lost(boxItem, entries.EndedEarly, "the capture was ended early", "")
			return
		case f.Size <= chunkHeader:
			continue
		case f.Size > int64(left): // half a chunk cannot be read
			c.Skip(boxItem+"-rest", entries.TooLarge, "older chunks left out: --max-log-bytes is reached", fmt.Sprintf("--max-log-bytes %d", 4*c.Plan.MaxLogBytes))
			return
		}
		left.take(f.Size)
		if err := c.copyChunk(f); err != nil {
			c.LostErr(boxItem, err)
		}
	}
}

// partial is the ending of the open chunk before JDK 14; its final name stands next to it, as an empty file.
const partial = ".part"

// repository is the folder of the chunk that the JVM has open, and that chunk; empty when it records nothing.
func (j *JVM) repository() (dir, open string) {
	fds, _ := filepath.Glob(filepath.Join(j.dir, "fd", "*"))
	for _, fd := range fds {
		file, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		final, early := strings.CutSuffix(file, partial)
		if early {
			early, _ = j.Tree.Exists(final + ".jfr")
		}
		if early || strings.HasSuffix(file, ".jfr") {
			return path.Dir(file), path.Base(file)
		}
	}
	return "", ""
}

func (c *capture) copyChunk(f access.File) error {
	in, err := c.Tree.Open(f.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	e := collectors.Evidence{Name: entries.Recording.Of(strings.TrimSuffix(collectors.SafeName(path.Base(f.Path)), ".jfr")), Item: boxItem, Source: f.Path, Ended: f.ModTime}
	c.Copy(e, io.LimitReader(in, f.Size)) // tells the ledger itself
	return nil
}
