package calls

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"casefile/bundle/format/sockets"
	"casefile/bundle/format/waits"
)

// Sockets is what the tables of a network namespace say of sockets, by inode.
type Sockets map[string]waits.Object

// Add puts the sockets of net/tcp and net/tcp6 there.
func (s Sockets) Add(list []sockets.Socket) { s.add(waits.TCP, list) }

func (s Sockets) add(kind waits.Kind, list []sockets.Socket) {
	for _, k := range list {
		o := waits.Object{Kind: kind, Local: k.Local, Remote: k.Remote}
		if o.Remote.Port() == 0 { // it listens, or is bound only
			o.Remote = waits.Object{}.Remote
		}
		s[k.Inode] = o
	}
}

// kinds say what a descriptor leads to by the beginning of its link; the first that matches.
var kinds = []struct {
	prefix string
	kind   waits.Kind
}{
	{"pipe:[", waits.Pipe},
	{"anon_inode:[eventfd]", waits.EventFD},
	{"/dev/shm/", waits.File},
	{"/dev/", waits.Device},
	{"/memfd:", waits.Other},
	{"/", waits.File},
}

// objectOf gives what a link of a descriptor names; known is false for a socket that is in no table.
func objectOf(link string, known Sockets) (o waits.Object, ok bool) {
	if inode, is := inodeOf(link); is {
		if o, ok = known[inode]; ok {
			return o, true
		}
		return waits.Object{Kind: waits.Socket}, false
	}
	if link == "" {
		return waits.Object{}, true
	}
	for _, k := range kinds {
		if strings.HasPrefix(link, k.prefix) {
			o.Kind = k.kind
			if k.prefix[0] == '/' && k.kind != waits.Other {
				o.Path = link
			}
			return o, true
		}
	}
	return waits.Object{Kind: waits.Other}, true
}

// inodeOf is the inode of a link to a socket.
func inodeOf(link string) (string, bool) {
	inode, ok := strings.CutPrefix(link, "socket:[")
	return strings.TrimSuffix(inode, "]"), ok
}

// tables are those of a network namespace and how they are read.
var tables = []struct {
	name string
	read func(into Sockets, r io.Reader, wanted func(string) bool) error
}{
	{"tcp", readInet(waits.TCP)}, {"tcp6", readInet(waits.TCP)},
	{"udp", readInet(waits.UDP)}, {"udp6", readInet(waits.UDP)},
	{"unix", readUnix},
}

// find looks up the inodes that are missing, which were seen before since, in all tables until there is none.
func (r *Reader) find(missing map[string]bool, since time.Time, into Sockets) (err error) {
	for _, t := range tables {
		if len(missing) == 0 {
			return err
		}
		text, readErr := r.table(t.name, since)
		if readErr != nil {
			if !errors.Is(readErr, fs.ErrNotExist) { // no IPv6
				err = errors.Join(err, readErr)
			}
			continue
		}
		err = errors.Join(err, t.read(into, text, func(inode string) bool { return missing[inode] }))
		for inode := range missing {
			if _, ok := into[inode]; ok {
				delete(missing, inode)
			}
		}
	}
	return err
}

func readInet(kind waits.Kind) func(Sockets, io.Reader, func(string) bool) error {
	return func(into Sockets, r io.Reader, wanted func(string) bool) error {
		list, err := sockets.ReadTable(r, wanted)
		into.add(kind, list)
		return err
	}
}

// readUnix reads /proc/PID/net/unix; a socket without a name has no path.
//
//	Num       RefCount Protocol Flags    Type St Inode Path
//	00000000: 00000002 00000000 00010000 0001 01 20442 /run/postgresql/.s.PGSQL.5432
func readUnix(into Sockets, r io.Reader, wanted func(string) bool) error {
	const columns = 7
	sc := bufio.NewScanner(r)
	for n := 0; sc.Scan(); n++ {
		f := strings.Fields(sc.Text())
		if n == 0 || len(f) < columns || !wanted(f[columns-1]) {
			continue
		}
		o := waits.Object{Kind: waits.Unix}
		if name := strings.Join(f[columns:], " "); path.IsAbs(name) || strings.HasPrefix(name, "@") {
			o.Path = name
		}
		into[f[columns-1]] = o
	}
	return sc.Err()
}
