package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Every header is three blocks where the path is no longer than 100 bytes of ASCII: that of the records, the records, that of
// the file. The first is the same in all entries, and so is how the second begins, so that both cost almost nothing.

// tarHeader is what stands before the content of an entry.
func tarHeader(e Entry) ([]byte, error) {
	h, err := tarFields(e)
	if err != nil {
		return nil, err
	}
	return encodeHeader(h)
}

func tarFields(e Entry) (*tar.Header, error) {
	record, err := compact(e)
	if err != nil {
		return nil, err
	}
	return &tar.Header{
		Typeflag:   tar.TypeReg,
		Format:     tar.FormatPAX,
		Name:       e.Path,
		Size:       e.Bytes,
		Mode:       0o600,
		ModTime:    e.Ended.Truncate(time.Second),
		PAXRecords: map[string]string{"comment": filled(record)},
	}, nil
}

// filled ends a record with spaces so that its line, "512 comment={...}\n", is whole blocks.
func filled(record []byte) string {
	rest := len(" comment=\n") + len(record)
	size := 0
	for spaces := -1; spaces < 0; {
		size += tarBlock
		spaces = size - rest - len(strconv.Itoa(size))
	}
	return string(record) + string(bytes.Repeat([]byte(" "), size-rest-len(strconv.Itoa(size))))
}

func encodeHeader(h *tar.Header) ([]byte, error) {
	var buf bytes.Buffer
	if err := tar.NewWriter(&buf).WriteHeader(h); err != nil {
		return nil, err
	}
	b := buf.Bytes()
	if len(b) > tarBlock {
		nameRecords(b[:tarBlock])
	}
	return b, nil
}

// Fields of a tar's header (POSIX, ustar interchange format).
const (
	tarName        = 100 // its end
	tarChecksum    = 148
	tarChecksumEnd = 156
)

// nameRecords gives the header of records the same name in all entries. Tools that know such headers never show it.
func nameRecords(header []byte) {
	name, checksum := header[:tarName], header[tarChecksum:tarChecksumEnd]
	clear(name)
	copy(name, "PaxHeaders.0/entry")
	copy(checksum, "        ")
	sum := 0
	for _, c := range header {
		sum += int(c)
	}
	copy(checksum, fmt.Sprintf("%06o\x00 ", sum))
}

// compact is v as JSON in one line.
func compact(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// inLines is v as JSON with a line for each of its members, and for what is in these. So the line of an entry in the manifest
// is the very text of its record before it.
func inLines(v any) ([]byte, error) {
	const deepest = 2
	text, err := compact(v)
	var out bytes.Buffer
	line := func(depth int) { out.WriteString("\n" + "  "[:min(depth, deepest)]) }
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			out.WriteByte(c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth < deepest {
				line(depth)
			}
		}
		out.WriteByte(c)
		if !quoted && depth <= deepest && depth > 0 && (c == '{' || c == '[' || c == ',') {
			line(depth)
		}
	}
	out.WriteByte('\n')
	return out.Bytes(), err
}
