package jvm

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The fake JVM is this test program under the name java, with a libjvm.so mapped, an attach
// socket and counters. What it answers is what a hostile user would have it answer.

// FakeMode is the environment variable that makes this program a fake JVM.
const FakeMode = "CASEFILE_FAKE_JVM"

// FakeSecret is the variable that names a file of root, which it tries to have read or destroyed.
const FakeSecret = "CASEFILE_FAKE_SECRET"

// Modes of the fake JVM.
const (
	FakeHonest   = "honest"
	FakeEndless  = "endless"  // replies without end
	FakeTrickle  = "trickle"  // a byte now and then
	FakeNames    = "names"    // names other files as its own
	FakeLinks    = "links"    // puts links in the place of what casefile made or asked for
	FakeOverflow = "overflow" // counters whose sizes lead out of the file
	FakeTruncate = "truncate" // counters that are cut and grown without end
)

// fakeMain runs until stdin ends. Its working folder is its own.
func fakeMain(mode string) error {
	lib, err := os.OpenFile("libjvm.so", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := lib.Truncate(4096); err != nil {
		return err
	}
	if _, err := unix.Mmap(int(lib.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return err
	}
	for i := range 6 {
		go func() {
			runtime.LockOSThread()
			if i == 0 {
				name := []byte("VM Thread\x00")
				_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
			}
			select {}
		}()
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGQUIT)
	counters := fmt.Sprintf("/tmp/hsperfdata_fake%d/%d", os.Getpid(), os.Getpid())
	socket := fmt.Sprintf("/tmp/.java_pid%d", os.Getpid())
	_, _ = os.Remove(socket), os.RemoveAll(filepath.Dir(counters)) // of one that had the pid before
	if err := os.Mkdir(filepath.Dir(counters), 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(counters))
	if err := os.WriteFile(counters, fakeCounters(mode), 0o600); err != nil {
		return err
	}
	if mode == FakeTruncate {
		go func() {
			for i := 0; ; i++ {
				os.Truncate(counters, int64(i%2*8192))
			}
		}()
	}
	ln, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go fakeServe(c, mode)
		}
	}()
	fmt.Fprintln(os.Stderr, "ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// fakeServe answers one request of protocol version 1: five words that end with NUL.
func fakeServe(c net.Conn, mode string) {
	defer c.Close()
	in := bufio.NewReader(c)
	var words []string
	for range 5 {
		w, err := in.ReadString(0)
		if err != nil {
			return
		}
		words = append(words, strings.TrimSuffix(w, "\x00"))
	}
	if words[1] == "getversion" {
		io.WriteString(c, "101\n")
		return
	}
	io.WriteString(c, "0\n")
	switch mode {
	case FakeEndless:
		for block := make([]byte, 1<<20); ; {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	case FakeTrickle:
		for {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	io.WriteString(c, fakeReply(mode, words[1], words[2]))
}

func fakeReply(mode, command, arg string) string {
	words := strings.Fields(arg)
	switch {
	case command == "threaddump":
		return "Full thread dump fake\n\n\"VirtualThread-unparker\" #1 nid=1\n\nJNI global refs: 0\n"
	case arg == "VM.log list" && mode == FakeNames:
		return "#0: stdout all=warning uptime\n#2: file=" + os.Getenv(FakeSecret) + " gc*=info uptime filecount=1,filesize=10M\n"
	case arg == "VM.log list":
		return "#0: stdout all=warning uptime\n"
	case arg == "JFR.check":
		return "No available recordings.\n"
	case len(words) == 0:
		return ""
	case words[0] == "VM.log":
		fakePut(mode, value(words, "output="), os.Getenv(FakeSecret))
		return ""
	case words[0] == "JFR.start":
		fakePut(mode, value(words, "filename="), os.Getenv(FakeSecret))
		return "Started recording 1.\n"
	case words[0] == "JFR.stop":
		return "Stopped recording.\n"
	case words[0] == "Thread.dump_to_file":
		file := words[len(words)-1]
		fakePut(mode, file, os.Getenv(FakeSecret))
		if mode == FakeLinks { // the folder, too, leads to that of the secret
			os.Rename(filepath.Dir(file), filepath.Dir(file)+".away")
			os.Symlink(filepath.Dir(os.Getenv(FakeSecret)), filepath.Dir(file))
		}
		return "Created " + file + "\n"
	}
	return "fake\n"
}

// fakePut puts a link in the place of a file, or nothing.
func fakePut(mode, file, to string) {
	if mode == FakeLinks && file != "" {
		os.Remove(file)
		os.Symlink(to, file)
	}
}

func value(words []string, key string) string {
	for _, w := range words {
		if v, ok := strings.CutPrefix(w, key); ok {
			return v
		}
	}
	return ""
}

// fakeCounters is a file of one counter, the version; in mode overflow all lengths lead out of it.
func fakeCounters(mode string) []byte {
	name, text := "java.property.java.vm.version\x00\x00\x00", "25.0.1+8\x00"
	b := make([]byte, 32, 256)
	copy(b, []byte{0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1})
	le := binary.LittleEndian
	entry := make([]byte, 20)
	le.PutUint32(entry[0:], uint32(20+len(name)+len(text)))
	le.PutUint32(entry[4:], 20)
	le.PutUint32(entry[8:], uint32(len(text)))
	entry[12] = 'B'
	le.PutUint32(entry[16:], uint32(20+len(name)))
	le.PutUint32(b[8:], uint32(32+20+len(name)+len(text)))
	le.PutUint32(b[24:], 32)
	le.PutUint32(b[28:], 1)
	if mode == FakeOverflow {
		for _, at := range []int{8, 12, 24, 28} {
			le.PutUint32(b[at:], 0x7fffffff)
		}
		for _, at := range []int{0, 4, 8, 16} {
			le.PutUint32(entry[at:], 0xfffffff0)
		}
	}
	return append(append(append(b, entry...), name...), text...)
}
