// Package sockets is the format of one look at the TCP sockets of a process: what its file descriptors and /proc/PID/net/tcp and tcp6 say
// together. It names the systems that threads wait for, which thread dumps do not.
//
// It is a table with tabs that a person can read and sort:
//
//	# casefile-sockets 1 pid=4711 taken_ms=1732347000123 left_out=0
//	local	remote	state	sendq	recvq	retransmits
//	10.0.0.1:50001	10.0.0.5:5432	ESTABLISHED	0	0	0
//
// sendq is bytes sent that the other side has not acknowledged, recvq bytes that arrived and that the process has not read; for a
// listening socket recvq is connections that wait to be accepted. left_out counts sockets beyond the limits of the look.
package sockets

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Socket is one TCP socket.
type Socket struct {
	Local, Remote netip.AddrPort
	State         string // as in tcp(7): "ESTABLISHED", "LISTEN", "SYN_SENT"
	SendQ, RecvQ  int64  // bytes
	Retransmits   int64  // of what is on the way
	Inode         string // as ReadTable found it; Encode leaves it out
}

// Snapshot is the sockets of a process.
type Snapshot struct {
	PID     int
	Taken   time.Time
	LeftOut int
	Sockets []Socket
	// Skipped counts lines that Read did not understand.
	Skipped int
}

// Limits of a table.
const (
	MaxSockets = 20_000
	magic      = "# casefile-sockets 1 "
	columns    = "local\tremote\tstate\tsendq\trecvq\tretransmits"
)

// states of the kernel (include/net/tcp_states.h), by number.
var states = []string{"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"}

// Encode writes the table.
func (s *Snapshot) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%spid=%d taken_ms=%d left_out=%d\n%s\n", magic, s.PID, s.Taken.UnixMilli(), s.LeftOut, columns)
	for _, k := range s.Sockets {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%d\t%d\t%d\n", k.Local, k.Remote, k.State, k.SendQ, k.RecvQ, k.Retransmits)
	}
	return b.Bytes()
}

// Read reads the table back. Lines that are not rows are counted.
func Read(r io.Reader) (*Snapshot, error) {
	sc := bufio.NewScanner(r)
	if !sc.Scan() {
		return nil, errors.Join(errors.New("sockets: empty"), sc.Err())
	}
	head, ok := strings.CutPrefix(sc.Text(), magic)
	if !ok {
		return nil, errors.New("sockets: line 1 is not the head of a socket table")
	}
	s := &Snapshot{}
	var taken int64
	if _, err := fmt.Sscanf(head, "pid=%d taken_ms=%d left_out=%d", &s.PID, &taken, &s.LeftOut); err != nil {
		return nil, fmt.Errorf("sockets: line 1: %w", err)
	}
	s.Taken = time.UnixMilli(taken)
	for sc.Scan() {
		k, err := row(strings.Split(sc.Text(), "\t"))
		switch {
		case err != nil && sc.Text() != columns:
			s.Skipped++
		case err != nil:
		case len(s.Sockets) == MaxSockets:
			return s, fmt.Errorf("sockets: more than %d rows", MaxSockets)
		default:
			s.Sockets = append(s.Sockets, k)
		}
	}
	if err := sc.Err(); err != nil {
		return s, fmt.Errorf("sockets: %w", err)
	}
	return s, nil
}

func row(f []string) (k Socket, err error) {
	if len(f) != 6 {
		return k, errors.New("not a row")
	}
	var errs [5]error
	k.State = f[2]
	k.Local, errs[0] = netip.ParseAddrPort(f[0])
	k.Remote, errs[1] = netip.ParseAddrPort(f[1])
	k.SendQ, errs[2] = strconv.ParseInt(f[3], 10, 64)
	k.RecvQ, errs[3] = strconv.ParseInt(f[4], 10, 64)
	k.Retransmits, errs[4] = strconv.ParseInt(f[5], 10, 64)
	return k, errors.Join(errs[:]...)
}

// ReadTable gives the sockets of /proc/PID/net/tcp or tcp6 whose inode is wanted.
//
//	sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//	 0: 0100007F:17AC 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 ...
func ReadTable(r io.Reader, wanted func(inode string) bool) ([]Socket, error) {
	var out []Socket
	sc := bufio.NewScanner(r)
	for n := 0; sc.Scan(); n++ {
		inode := inodeOf(sc.Bytes())
		if n == 0 || len(inode) == 0 || string(inode) == "0" || !wanted(string(inode)) {
			continue
		}
		f := strings.Fields(sc.Text())
		local, ok1 := ParseAddr(f[1])
		remote, ok2 := ParseAddr(f[2])
		state, err1 := strconv.ParseUint(f[3], 16, 8)
		sendq, recvq, _ := strings.Cut(f[4], ":")
		tx, err2 := strconv.ParseInt(sendq, 16, 64)
		rx, err3 := strconv.ParseInt(recvq, 16, 64)
		again, err4 := strconv.ParseInt(f[6], 16, 64)
		if !ok1 || !ok2 || errors.Join(err1, err2, err3, err4) != nil || int(state) >= len(states) {
			continue
		}
		out = append(out, Socket{Local: local, Remote: remote, State: states[state], SendQ: tx, RecvQ: rx, Retransmits: again, Inode: f[9]})
	}
	return out, sc.Err()
}

// inodeOf is the tenth field of a line. Most lines of a busy host are of connections that have ended, with inode 0: they
// are not taken apart.
func inodeOf(line []byte) []byte {
	const before = 9
	for range before {
		line = bytes.TrimLeft(line, " ")
		at := bytes.IndexByte(line, ' ')
		if at < 0 {
			return nil
		}
		line = line[at:]
	}
	inode, _, _ := bytes.Cut(bytes.TrimLeft(line, " "), []byte{' '})
	return inode
}

// ParseAddr reads an address as the kernel prints it: words of 32 bits in the byte order of the host, then the port.
func ParseAddr(text string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(text, ":")
	words, err := hex.DecodeString(host)
	n, errPort := strconv.ParseUint(port, 16, 16)
	if err != nil || errPort != nil || len(words) != 4 && len(words) != 16 {
		return netip.AddrPort{}, false
	}
	for at := 0; at < len(words); at += 4 {
		binary.NativeEndian.PutUint32(words[at:], binary.BigEndian.Uint32(words[at:]))
	}
	ip, ok := netip.AddrFromSlice(words)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), ok
}
