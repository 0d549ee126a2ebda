package calls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/waits"
)

// line is the file syscall of a thread as the kernel writes it.
func line(number int, first, second uint64) string {
	return fmt.Sprintf("%d 0x%x 0x%x 0x0 0x0 0x0 0x0 0x7f12d0000 0x7f19a2c\n", number, first, second)
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want call
		ok   bool
	}{
		{"running\n", call{name: waits.Running, fd: waits.NoFD}, true},
		{"-1 0x7ffd3a 0x7f19a2c\n", call{name: waits.NoCall, fd: waits.NoFD}, true},
		{line(unix.SYS_READ, 57, 0x7f), call{name: "read", fd: 57}, true},
		{line(unix.SYS_CONNECT, 0xdead_beef_0000_0005, 0), call{name: "connect", fd: 5}, true}, // an int in a register
		{line(unix.SYS_READ, 0xffff_ffff, 0), call{name: "read", fd: waits.NoFD}, true},
		{line(unix.SYS_PPOLL, 0x7f12d0010, 1), call{name: "ppoll", fd: waits.NoFD, array: 0x7f12d0010, entries: 1}, true},
		{line(unix.SYS_FUTEX, 57, 0), call{name: "futex", fd: waits.NoFD}, true},
		{line(999_999, 57, 0), call{name: "syscall_999999", fd: waits.NoFD}, true},
		{"3 0x5 0x0 0x0 0x0 0x0 0x0 0xffd3a000 0xf7f19a2c\n", call{}, false}, // of a 32-bit program
		{"3 0x5 0x0\n", call{}, false},
		{line(0, 1, 2) + "more", call{}, false},
		{"", call{}, false},
		{"3 five 0x0 0x0 0x0 0x0 0x0 0x7f12d0000 0x7f19a2c", call{}, false},
	} {
		if got, ok := parse([]byte(c.text)); got != c.want || ok != c.ok {
			t.Errorf("%q: %+v %v", c.text, got, ok)
		}
	}
}

// pollfd is one element of the array of a poll.
func pollfd(fd int32, events int16) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(fd))
	return binary.NativeEndian.AppendUint32(b, uint32(uint16(events))<<shift())
}

// shift is where events stand in a word with revents after them.
func shift() int {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return 0
	}
	return 16
}

func TestPolled(t *testing.T) {
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name   string
		array  []byte
		fd     int
		events waits.Events
	}{
		{"one to read", pollfd(57, unix.POLLIN|unix.POLLPRI), 57, waits.In},
		{"one to write", pollfd(57, unix.POLLOUT), 57, waits.Out},
		{"one for both", pollfd(57, unix.POLLIN|unix.POLLOUT), 57, waits.InOut},
		{"two", join(pollfd(57, unix.POLLIN), pollfd(58, unix.POLLIN)), waits.NoFD, ""},
		{"one of two is off", join(pollfd(-1, unix.POLLIN), pollfd(58, unix.POLLIN)), 58, waits.In},
		{"none", pollfd(-1, unix.POLLIN), waits.NoFD, ""},
		{"cut", pollfd(57, unix.POLLIN)[:7], waits.NoFD, ""},
	} {
		got := call{fd: waits.NoFD}
		if got.polled(c.array); got.fd != c.fd || got.events != c.events {
			t.Errorf("%s: %d %q", c.name, got.fd, got.events)
		}
	}
}

// Every call that is for a descriptor has a number, or is one that this architecture does without.
func TestSubjectsHaveNumbers(t *testing.T) {
	named := map[string]bool{}
	for _, n := range names {
		named[n] = true
	}
	for call := range subjects {
		if !named[call] && call != "poll" {
			t.Errorf("no number is called %s", call)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(line(unix.SYS_READ, 57, 0)), pollfd(5, 1))
	f.Add([]byte("-1 0x7ffd3a 0x7f19a2c"), []byte{})
	f.Fuzz(func(t *testing.T, text, array []byte) {
		c, ok := parse(text)
		if !ok {
			return
		}
		c.polled(array)
		if c.name == "" || c.fd < waits.NoFD {
			t.Errorf("%q: %+v", text, c)
		}
	})
}
