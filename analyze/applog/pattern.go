package applog

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Pattern is a compiled pattern of Tomcat's AccessLogValve.
type Pattern struct {
	Text  string // as in server.xml
	parts []part
}

// part is an element of a pattern and the literal text behind it.
type part struct {
	field field
	after []byte
	// unit of a duration, where the element says so
	unit time.Duration
}

type field uint8

const (
	fieldOther   field = iota // any text
	fieldTime                 // [12/Jul/2022:01:08:59 +0200]
	fieldRequest              // GET /path HTTP/1.1
	fieldMethod
	fieldPath
	fieldStatus
	fieldTook
	fieldThread
	fieldUser
	fieldNumber // digits or "-"
)

// elements of the pattern by their letter, as in the configuration reference of Tomcat 7 to 11.
var elements = map[byte]part{
	't': {field: fieldTime}, 'r': {field: fieldRequest}, 'm': {field: fieldMethod}, 'U': {field: fieldPath}, 's': {field: fieldStatus}, 'I': {field: fieldThread},
	'u': {field: fieldUser},
	'D': {field: fieldTook}, // milliseconds to Tomcat 9, microseconds from 10 on
	'T': {field: fieldTook, unit: time.Second}, 'F': {field: fieldNumber},
	'b': {field: fieldNumber}, 'B': {field: fieldNumber}, 'p': {field: fieldNumber},
}

// units of %{xx}T.
var units = map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond, "ns": time.Nanosecond, "fracsec": time.Second, "fracsec_trunc": time.Second}

// named are the patterns that have a name.
var named = map[string]string{
	"common":   `%h %l %u %t "%r" %s %b`,
	"combined": `%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"`,
}

// shipped are patterns that products come with. Longer ones first.
var shipped = []string{
	`%t %{X-AUSERNAME}o %I %h %r %s %Dms %b %{Referer}i %{User-Agent}i`,                                                                        // Confluence
	`%a %{jira.request.id}r %{jira.request.username}r %t "%m %U%q %H" %s %b %D "%{Referer}i" "%{User-Agent}i" "%{jira.request.assession.id}r"`, // Jira
	`%h %l %u %t "%r" %s %b %D "%{Referer}i" "%{User-Agent}i"`,
	named["combined"],
	`%h %l %u %t "%r" %s %b %D`,
	named["common"],
}

// Known gives the patterns that products ship, for logs without their server.xml.
func Known() []*Pattern {
	var out []*Pattern
	for _, text := range shipped {
		if p, err := Compile(text); err == nil { // a test holds that all do
			out = append(out, p)
		}
	}
	return out
}

const maxParts = 64

// users are the headers and attributes of requests in which products name who asked.
var users = map[string]bool{"X-AUSERNAME": true, "jira.request.username": true}

// Compile reads a pattern.
func Compile(text string) (*Pattern, error) {
	p := &Pattern{Text: text}
	if full, ok := named[text]; ok {
		text = full
	}
	var literal []byte
	flush := func() {
		switch {
		case len(literal) == 0:
		case len(p.parts) == 0:
			p.parts = append(p.parts, part{field: fieldOther, after: literal})
		default:
			p.parts[len(p.parts)-1].after = literal
		}
		literal = nil
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+1 == len(text) {
			literal = append(literal, text[i])
			continue
		}
		i++
		if text[i] == '%' {
			literal = append(literal, '%')
			continue
		}
		argument := ""
		if text[i] == '{' {
			end := strings.IndexByte(text[i:], '}')
			if end < 0 || i+end+1 >= len(text) {
				return nil, fmt.Errorf("access log pattern: %%{ at %d does not end", i)
			}
			argument, i = text[i+1:i+end], i+end+1
		}
		flush()
		p.parts = append(p.parts, elementOf(text[i], argument))
		if len(p.parts) > maxParts {
			return nil, fmt.Errorf("access log pattern: more than %d elements", maxParts)
		}
	}
	flush()
	if !p.has(fieldTime) {
		return nil, errors.New("access log pattern: no %t")
	}
	return p, nil
}

func elementOf(letter byte, argument string) part {
	e := elements[letter]
	switch {
	case argument == "":
	case letter == 'T' && units[argument] > 0:
		e.unit = units[argument]
	case users[argument] && letter != 'p':
		e = part{field: fieldUser}
	case letter != 'p': // of the remote or local port
		e = part{} // %{xxx}i, o, c, r, s, and times of other forms
	}
	return e
}

func (p *Pattern) has(f field) bool {
	for _, e := range p.parts {
		if e.field == f {
			return true
		}
	}
	return false
}

// HasThread says that the log names the thread of each request (%I).
func (p *Pattern) HasThread() bool { return p.has(fieldThread) }

// HasDuration says that the log tells how long each request took.
func (p *Pattern) HasDuration() bool { return p.has(fieldTook) }

// maxSteps bounds the tries on one line.
const maxSteps = 2000

// values are the texts of a line by field.
type values [fieldNumber + 1][]byte

// match takes a line apart. Where an element may end in several places the first that lets the rest fit is taken.
func (p *Pattern) match(line []byte, v *values) bool {
	steps := 0
	return p.from(0, line, v, &steps)
}

func (p *Pattern) from(i int, line []byte, v *values, steps *int) bool {
	if i == len(p.parts) {
		return len(line) == 0
	}
	e := &p.parts[i]
	last := i == len(p.parts)-1
	for end := 0; end <= len(line); end++ {
		if *steps++; *steps > maxSteps {
			return false
		}
		if len(e.after) > 0 {
			at := bytes.Index(line[end:], e.after)
			if at < 0 {
				return false
			}
			end += at
		} else if last {
			end = len(line)
		}
		if e.field == fieldPath && end < len(line) && line[end] != '?' && line[end] != ' ' {
			continue // %U%q: the query begins with its mark
		}
		if text := line[:end]; e.fits(text) {
			v[e.field] = text
			if p.from(i+1, line[end+len(e.after):], v, steps) {
				return true
			}
		}
	}
	return false
}

// fits says that a text can be the value of an element.
func (e *part) fits(text []byte) bool {
	switch e.field {
	case fieldTime:
		n := len(text)
		return n > 2 && text[0] == '[' && text[n-1] == ']'
	case fieldStatus:
		_, ok := number(text, 3)
		return ok && len(text) == 3
	case fieldNumber:
		return string(text) == "-" || digitsOnly(text)
	case fieldTook:
		return string(text) == "-" || digitsOnly(bytes.Replace(text, []byte("."), nil, 1))
	case fieldRequest: // a request that could not be read is a dash
		return string(text) == "-" || bytes.Count(text, []byte(" ")) >= 2 && bytes.Contains(text[bytes.LastIndexByte(text, ' '):], []byte("HTTP/"))
	case fieldMethod:
		return len(text) > 0 && len(text) < 32 && bytes.IndexByte(text, ' ') < 0
	case fieldThread:
		return len(text) > 0
	}
	return true
}

func digitsOnly(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// Patterns gives the patterns of the access log valves of a server.xml, in order. A broken end of the file is an error next to what was found.
func Patterns(serverXML io.Reader) ([]*Pattern, error) {
	var out []*Pattern
	d := xml.NewDecoder(serverXML)
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is decoded, or ASCII will do
	for {
		tok, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return out, fmt.Errorf("server.xml: %w", err)
		}
		el, ok := tok.(xml.StartElement)
		if !ok || el.Name.Local != "Valve" {
			continue
		}
		var class, text string
		for _, a := range el.Attr {
			switch a.Name.Local {
			case "className":
				class = a.Value
			case "pattern":
				text = a.Value
			}
		}
		if !strings.HasSuffix(class, ".AccessLogValve") { // the extended and the JSON one have forms of their own
			continue
		}
		if text == "" {
			text = "common"
		}
		p, err := Compile(text)
		if err != nil {
			return out, err
		}
		out = append(out, p)
	}
}

// tookOf reads a duration; known is false for a dash.
func tookOf(text []byte, unit time.Duration) (d time.Duration, known bool) {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f < 0 || f > float64(1<<62)/float64(unit) {
		return 0, false
	}
	return time.Duration(f * float64(unit)), true
}
