package jvm

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
)

// The wire format of the attach protocol, as HotSpot's attachListener reads it.
//
//	v1:        "1\0" cmd\0 a1\0 a2\0 a3\0          always three arguments of at most 1024 bytes
//	v2 (24+):  "2\0" len\0 cmd[ opt=val,...]\0 arg\0*   at most 256 KiB
//	reply:     rc\n, then bytes to the end of the stream
const (
	v1MaxArg = 1024
	v2MaxLen = 256 << 10
)

// Reply codes that HotSpot uses.
const (
	codeOK         = 0
	codeBadVersion = 101
)

// request frames a command. In v2 the reply is asked for as a whole: a JVM that
// streams writes from inside the safepoint, and then a slow reader stops it (JDK-8354460).
func request(version int, streamingOption bool, cmd string, args []string) ([]byte, error) {
	for _, s := range append([]string{cmd}, args...) {
		if strings.ContainsRune(s, 0) {
			return nil, entries.Errorf(entries.Internal, "attach: NUL in %q", s)
		}
	}
	if version == 1 {
		return requestV1(cmd, args)
	}
	if streamingOption {
		cmd += " streaming=0"
	}
	body := cmd + "\x00"
	for _, a := range args {
		body += a + "\x00"
	}
	if len(body) > v2MaxLen {
		return nil, entries.Errorf(entries.TooLarge, "attach: request of %d bytes is above %d", len(body), v2MaxLen)
	}
	return []byte("2\x00" + strconv.Itoa(len(body)) + "\x00" + body), nil
}

func requestV1(cmd string, args []string) ([]byte, error) {
	if len(args) > 3 {
		return nil, entries.Errorf(entries.Internal, "attach: %d arguments, the protocol has 3", len(args))
	}
	out := "1\x00" + cmd + "\x00"
	for i := range 3 {
		a := ""
		if i < len(args) {
			a = args[i]
		}
		if len(a) > v1MaxArg {
			return nil, entries.Errorf(entries.TooLarge, "attach: argument of %d bytes is above %d", len(a), v1MaxArg)
		}
		out += a + "\x00"
	}
	return []byte(out), nil
}

// ErrRefused is a reply with a code other than 0; Text is what the JVM said.
type ErrRefused struct {
	Code int
	Text string
}

// Cause makes it known to the ledger.
func (e *ErrRefused) Cause() entries.Cause { return entries.Refused }

func (e *ErrRefused) Error() string {
	text := strings.TrimSpace(e.Text)
	if i := strings.IndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return fmt.Sprintf("the JVM refused the command (code %d): %s", e.Code, text[:min(len(text), 300)])
}

// errNoReply is a connection that the JVM closed without a word: wrong
// credentials, or a request it could not read.
var errNoReply = entries.NewError(entries.Refused, "the JVM closed the connection without an answer")

func parseReply(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errNoReply
	}
	line, body, found := bytes.Cut(b, []byte("\n"))
	code, err := strconv.Atoi(string(line))
	if !found || err != nil {
		return nil, entries.Errorf(entries.Unreadable, "attach: reply does not begin with a code: %.40q", b)
	}
	if code != codeOK {
		return nil, &ErrRefused{Code: code, Text: string(body)}
	}
	return body, nil
}
