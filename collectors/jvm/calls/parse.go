package calls

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/waits"
)

// call is one reading of the file syscall of a thread.
type call struct {
	name string
	fd   int // waits.NoFD: none, or not known yet
	// The array of a poll, in the memory of the process.
	array   uint64
	entries uint64
	events  waits.Events
}

// smallAddress is below every stack of a 64-bit program: what has its stack there is a 32-bit one, whose calls have
// other numbers.
const smallAddress = 1 << 32

// parse reads the content of the file; false: it is none, or of a 32-bit program.
func parse(line []byte) (call, bool) {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	if string(line) == waits.Running {
		return call{name: waits.Running, fd: waits.NoFD}, true
	}
	number, rest, _ := bytes.Cut(line, []byte{' '})
	n, err := strconv.Atoi(string(number))
	if err != nil {
		return call{}, false
	}
	if n < 0 {
		return call{name: waits.NoCall, fd: waits.NoFD}, true
	}
	var args [8]uint64 // with the stack pointer and the program counter
	for i := range args {
		var field []byte
		field, rest, _ = bytes.Cut(rest, []byte{' '})
		if args[i], err = strconv.ParseUint(string(bytes.TrimPrefix(field, []byte("0x"))), 16, 64); err != nil {
			return call{}, false
		}
	}
	if len(rest) > 0 || args[6] < smallAddress {
		return call{}, false
	}
	return callOf(n, args[0], args[1]), true
}

func callOf(number int, first, second uint64) call {
	c := call{name: names[number], fd: waits.NoFD}
	if c.name == "" {
		c.name = "syscall_" + strconv.Itoa(number)
	}
	switch subjects[c.name] {
	case descriptor:
		if fd := int32(first); fd >= 0 { // an int; the upper half of the register may hold anything
			c.fd = int(fd)
		}
	case pollArray:
		c.array, c.entries = first, second
	}
	return c
}

// A struct pollfd is int fd; short events, revents (poll(2)).
const (
	pollSize = 8
	maxPoll  = 8
)

// polled fills in the descriptor of a poll from its array: there is one, or all others are switched off.
func (c *call) polled(array []byte) {
	fd, events := waits.NoFD, int16(0)
	for ; len(array) >= pollSize; array = array[pollSize:] {
		n := int32(binary.NativeEndian.Uint32(array))
		if n < 0 {
			continue
		}
		if fd != waits.NoFD {
			return
		}
		fd, events = int(n), int16(binary.NativeEndian.Uint16(array[4:]))
	}
	if fd == waits.NoFD {
		return
	}
	c.fd = fd
	switch in, out := events&unix.POLLIN != 0, events&unix.POLLOUT != 0; {
	case in && out:
		c.events = waits.InOut
	case in:
		c.events = waits.In
	case out:
		c.events = waits.Out
	}
}
