package hostseries

import "strings"

// Section is one small file inside an entry that gathers many, in the way
// head(1) shows them:
//
//	==> /proc/sys/vm/swappiness <==
//	60
//
// A line of content that looks like a heading is moved right by one blank.
type Section struct {
	Name    string
	Content string
	// Line is the number of the heading's line in the entry, from 1.
	Line int
}

const (
	headOpen  = "==> "
	headClose = " <=="
)

// AppendSection adds a file to the entry b.
func AppendSection(b []byte, name string, content []byte) []byte {
	if len(b) > 0 {
		b = append(b, '\n')
	}
	b = append(b, headOpen...)
	b = append(b, strings.ReplaceAll(name, "\n", "?")...)
	b = append(b, headClose...)
	b = append(b, '\n')
	for line := range strings.Lines(strings.TrimRight(string(content), "\n")) {
		if strings.HasPrefix(line, headOpen) {
			b = append(b, ' ')
		}
		b = append(b, line...)
	}
	return append(b, '\n')
}

// Sections returns the files of an entry, and how many lines before the first
// heading belong to none.
func Sections(b []byte) (list []Section, stray int) {
	text, n, at, body := string(b), 0, 0, 0
	end := func() {
		if len(list) > 0 {
			list[len(list)-1].Content = strings.TrimRight(text[body:at], "\n")
		}
	}
	for line := range strings.Lines(text) {
		n++
		head := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(head, headOpen) && strings.HasSuffix(head, headClose) && len(head) >= len(headOpen)+len(headClose):
			end()
			list = append(list, Section{Name: head[len(headOpen) : len(head)-len(headClose)], Line: n})
			body = at + len(line)
		case len(list) == 0 && head != "":
			stray++
		}
		at += len(line)
	}
	end()
	return list, stray
}
