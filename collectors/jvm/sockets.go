package jvm

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/sockets"
	"casefile/collectors"
)

// maxFDs bounds the descriptors of a process that are looked at.
const maxFDs = 50_000

// sockets keeps the TCP sockets of the process, which name the systems that its threads wait for, and gives them. It costs the process nothing.
func (c *capture) sockets(name string) []sockets.Socket {
	at := time.Now()
	inodes, err := c.socketInodes()
	switch {
	case errors.Is(err, fs.ErrPermission):
		c.Skip(entries.ItemSockets, entries.NotPermitted, "needs the right to see the open files of the process", c.help())
		return nil
	case err != nil:
		return nil // ended: the dump tells
	}
	snap := &sockets.Snapshot{PID: c.PID, Taken: at}
	cut := ""
	for _, table := range []string{"tcp", "tcp6"} {
		found, whole, err := c.readSockets(table, at, inodes)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // no IPv6
			c.LostErr(entries.ItemSockets, err)
		}
		if !whole {
			cut = "the host has more connections than are looked at"
		}
		snap.Sockets = append(snap.Sockets, found...)
	}
	all := snap.Sockets
	if n := len(all) - sockets.MaxSockets; n > 0 {
		snap.Sockets, snap.LeftOut = snap.Sockets[:sockets.MaxSockets], n
	}
	c.Add(collectors.Evidence{Name: entries.ThreadSockets.Of(name), Item: entries.ItemSockets, Source: c.dir + "/{fd,net/tcp,net/tcp6}", Started: at, Ended: time.Now(), Truncated: cut}, snap.Encode())
	return all
}

// socketInodes are the sockets among the open files.
func (c *capture) socketInodes() (map[string]bool, error) {
	dir, err := os.Open(filepath.Join(c.dir, "fd"))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	inodes := map[string]bool{}
	for seen := 0; seen < maxFDs; {
		names, err := dir.Readdirnames(1000)
		for _, n := range names {
			link, _ := os.Readlink(filepath.Join(dir.Name(), n)) // closed meanwhile
			if inode, ok := strings.CutPrefix(link, "socket:["); ok {
				inodes[strings.TrimSuffix(inode, "]")] = true
			}
		}
		seen += len(names)
		switch {
		case errors.Is(err, io.EOF):
			return inodes, nil
		case err != nil:
			return inodes, err
		}
	}
	return inodes, nil
}

func (c *capture) readSockets(table string, since time.Time, inodes map[string]bool) (found []sockets.Socket, whole bool, err error) {
	text, whole, err := c.tables.Read(c.dir, table, since)
	if err != nil {
		return nil, true, err
	}
	found, err = sockets.ReadTable(text, func(inode string) bool { return inodes[inode] })
	return found, whole, err
}
