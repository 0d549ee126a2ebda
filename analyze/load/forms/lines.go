package forms

import (
	"bytes"
	"html"
	"io"
	"regexp"
	"strings"
)

// inCR is a text of old Macs, or of an editor: without LF.
func inCR(head []byte) start {
	if bytes.IndexByte(head, '\n') >= 0 || bytes.Count(head, []byte{'\r'}) < 2 {
		return nil
	}
	return always(func(p *puller) error {
		b, err := p.in.ReadSlice('\r')
		if len(b) == 0 {
			return err
		}
		if b[len(b)-1] == '\r' {
			b[len(b)-1] = '\n'
		}
		p.read++
		p.write(b, p.read)
		return nil
	})
}

var (
	pageTag       = regexp.MustCompile(`(?i)<(!doctype html|html|body|pre)\b`)
	anyTag        = regexp.MustCompile(`</?[a-zA-Z][^<>]{0,200}>|<![^<>]*>`)
	breakTag      = regexp.MustCompile(`(?i)<br */?>|</(p|div|li|tr)>`)
	entity        = regexp.MustCompile(`&(quot|lt|gt|amp|nbsp|#34|#39|#60|#62|#x27);`)
	constructors  = regexp.MustCompile(`<(cl)?init>`) // what looks like a tag in a frame
	escapedHeader = regexp.MustCompile(`(?m)^\s*(&quot;|&#34;).*(&quot;|&#34;).* tid=0x`)
)

// inPage is a page, or what was copied out of the source of one.
func inPage(head []byte) start {
	if first := head[:min(len(head), 4<<10)]; !pageTag.Match(first) && !escapedHeader.Match(head) && !escaped(head) {
		return nil
	}
	page := eachLine(fromPage)
	if 2*evidence(applied(head, page)) < evidence(head) { // a log in XML
		return nil
	}
	return page
}

// escaped reports whether what HTML needs to escape is escaped wherever it stands.
func escaped(head []byte) bool {
	if !entity.Match(head) {
		return false
	}
	return !bytes.ContainsAny(anyTag.ReplaceAll(head, nil), "<>")
}

func fromPage(b []byte) []byte {
	if bytes.IndexByte(b, '<') >= 0 && !constructors.Match(b) {
		end := len(bytes.TrimRight(b, "\r\n"))
		body := breakTag.ReplaceAll(bytes.TrimSuffix(breakTag.ReplaceAll(b[:end], []byte{'\n'}), []byte{'\n'}), []byte{'\n'})
		b = append(anyTag.ReplaceAll(body, nil), b[end:]...)
	}
	if bytes.IndexByte(b, '&') >= 0 {
		b = []byte(strings.ReplaceAll(html.UnescapeString(string(b)), "\u00a0", " "))
	}
	return b
}

// inQuotedPrintable is the source of a mail (RFC 2045): "=3D" for "=", and lines that end in "=" go on.
func inQuotedPrintable(head []byte) start {
	const least = 3
	head = wholeLines(head)
	if bytes.Count(head, []byte("=3D"))+bytes.Count(head, []byte("=\n")) < least || notQuotedPrintable.Match(head) {
		return nil
	}
	return always(fromQuotedPrintable)
}

// notQuotedPrintable is what does not stand in such a text.
var notQuotedPrintable = regexp.MustCompile(`=([^0-9A-F\r\n]|[0-9A-F][^0-9A-F])|[^\n]{77}`)

func fromQuotedPrintable(p *puller) error {
	var whole []byte
	first := p.read + 1
	for {
		b, err := p.readLine()
		if err != nil {
			if len(whole) == 0 || err != io.EOF {
				return err
			}
			break
		}
		b = bytes.TrimRight(b, "\r\n")
		soft := bytes.HasSuffix(b, []byte{'='})
		whole = append(whole, unquoted(bytes.TrimSuffix(b, []byte{'='}))...)
		if !soft || len(whole) > longest {
			break
		}
	}
	p.write(append(whole, '\n'), first)
	return nil
}

// unquoted reads "=3D".
func unquoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '=' && i+2 < len(b) {
			if hi, lo := hexValue(b[i+1]), hexValue(b[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func hexValue(c byte) int { return strings.IndexByte("0123456789ABCDEF", c) }

// inHardBlanks is what browsers and word processors make of blanks.
func inHardBlanks(head []byte) start {
	const hard = "\u00a0"
	if bytes.Count(head, []byte(hard)) < 2 {
		return nil
	}
	return ifBetter(head, eachLine(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(hard), []byte{' '}) }))
}

// blockMark are the marks of Jira, Confluence, Markdown and AsciiDoc around text that is to stay as it is.
var blockMark = regexp.MustCompile("\\{(noformat|code)(:[^}]*)?\\}|^```\\w*|^(----|\\.\\.\\.\\.)\r?\n?$")

func inBlock(head []byte) start {
	if !bytes.Contains(head, []byte("{noformat")) && !bytes.Contains(head, []byte("{code")) && !bytes.Contains(head, []byte("```")) {
		return nil
	}
	return ifBetter(head, eachLine(func(b []byte) []byte {
		if blockMark.Match(b) {
			b = blockMark.ReplaceAll(b, nil)
		}
		return b
	}))
}

// inSupervisor is supervisord's own log at level debug, where what programs print stands after a line that names them.
func inSupervisor(head []byte) start {
	const mark = " output:"
	if !bytes.Contains(head, []byte("' stdout"+mark)) && !bytes.Contains(head, []byte("' stderr"+mark)) {
		return nil
	}
	return eachLine(func(b []byte) []byte {
		if supervisorLine.Match(b) {
			return nil
		}
		return b
	})
}

var supervisorLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ [A-Z]+ '.*' std(out|err) output:\r?\n?$`)

// inDoubled is a text in which every other line is blank.
func inDoubled(head []byte) start {
	lines := bytes.Split(wholeLines(head), []byte{'\n'})
	filled, pairs := 0, 0
	for i, line := range lines {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if filled++; i+1 < len(lines) && len(bytes.TrimSpace(lines[i+1])) > 0 {
			pairs++
		}
	}
	const least, few = 10, 20
	if filled < least || pairs > filled/few {
		return nil
	}
	return undoubled
}

func undoubled() step {
	blank := 0
	return func(p *puller) error {
		b, err := p.readLine()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(b)) == 0 {
			blank++
			return nil
		}
		for i := range (blank - 1) / 2 {
			p.write([]byte{'\n'}, p.read-blank+2*i+1)
		}
		blank = 0
		p.write(b, p.read)
		return nil
	}
}
