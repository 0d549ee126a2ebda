package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"

	"casefile/bundle/format/envelope"
)

// A form is a way in which the lines of a dump or log were put into something else: a page, a block of Markdown, an array of JSON.
type form struct {
	name string
	// is reports by the first lines of a text that it is in this form.
	is func(head []byte) bool
	// line gives what a line was; nil where the whole text is taken by read.
	line func(b []byte) []byte
	read func(in io.Reader, out io.Writer) error
}

var forms = []form{
	{name: "threads in JSON", is: isActuator, read: fromActuator},
	{name: "a page of HTML", is: isPage, line: fromPage},
	{name: "an array of JSON", is: isArray, read: fromArray},
	{name: "indented lines", is: isIndented, line: func(b []byte) []byte { return bytes.TrimPrefix(bytes.TrimPrefix(b, []byte("    ")), []byte("\t")) }},
	{name: "quoted lines", is: isQuoted, line: func(b []byte) []byte { return bytes.TrimPrefix(bytes.TrimPrefix(b, []byte(">")), []byte(" ")) }},
}

// inForm gives a text without the form it is in; stop ends the reading of it.
func inForm(in *bufio.Reader, head []byte) (plain *bufio.Reader, first []byte, stop func()) {
	for _, f := range forms {
		if !f.is(head) {
			continue
		}
		read := f.read
		if read == nil {
			read = func(in io.Reader, out io.Writer) error { return eachLine(in, out, f.line) }
		}
		r, w := io.Pipe()
		go func() { w.CloseWithError(read(in, w)) }()
		out := bufio.NewReaderSize(r, sniffLen)
		head, _ = out.Peek(sniffLen) // an error is told by who reads on
		return out, head, func() { r.Close() }
	}
	return in, head, func() {}
}

// eachLine copies lines; a very long one is passed as it comes.
func eachLine(in io.Reader, out io.Writer, change func([]byte) []byte) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		b, err := lines.ReadSlice('\n')
		if len(b) > 0 {
			if _, err := out.Write(change(b)); err != nil {
				return err
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

var (
	pageTag       = regexp.MustCompile(`(?i)<(!doctype html|html|body|pre)\b`)
	anyTag        = regexp.MustCompile(`</?[a-zA-Z][^<>]{0,200}>|<!--.*?-->`)
	escapedHeader = regexp.MustCompile(`(?m)^\s*(&quot;|&#34;).*(&quot;|&#34;).* tid=0x`)
	title         = regexp.MustCompile(`(?m)^(    |\t| *> ?)Full thread dump `)
)

func isPage(head []byte) bool {
	first := head[:min(len(head), 4<<10)]
	return pageTag.Match(first) || escapedHeader.Match(head)
}

// constructors are what looks like a tag in a frame.
var constructors = regexp.MustCompile(`<(cl)?init>`)

func fromPage(b []byte) []byte {
	if bytes.IndexByte(b, '<') >= 0 && !constructors.Match(b) {
		b = anyTag.ReplaceAll(b, nil)
	}
	if bytes.IndexByte(b, '&') >= 0 {
		b = []byte(html.UnescapeString(string(b)))
	}
	return b
}

func isIndented(head []byte) bool {
	m := title.FindSubmatch(head)
	return m != nil && !bytes.Contains(m[1], []byte(">"))
}

func isQuoted(head []byte) bool {
	m := title.FindSubmatch(head)
	return m != nil && bytes.Contains(m[1], []byte(">"))
}

// isArray recognises what log systems export: an array of objects that hold a line each.
func isArray(head []byte) bool {
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '[' {
		return false
	}
	trimmed = bytes.TrimLeft(trimmed[1:], " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{'
}

// fromArray writes the line of each object.
func fromArray(in io.Reader, out io.Writer) error {
	dec := json.NewDecoder(in)
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fmt.Errorf("array of JSON: %w", err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, raw); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", envelope.Open(compact.Bytes())); err != nil {
			return err
		}
	}
	return nil
}
