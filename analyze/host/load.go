package host

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"casefile/bundle/format/budget"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

// loader reads entries and fills in facts.
type loader struct {
	open  func(name string) ([]byte, error)
	names map[string]string // by name below host/
	facts *Facts
	errs  []error
}

// Load reads what was captured of one machine. names are the entries of its host
// folder, such as "nodes/n1/host/start/meminfo.txt", or the same below any other
// folder named host; open returns the content of one. Facts hold what could be
// read; each entry that could not is an error that names it. An entry that is not
// there is none: its figures are not Known.
func Load(open func(name string) ([]byte, error), names []string) (*Facts, []error) {
	l := &loader{open: open, names: map[string]string{}, facts: &Facts{Unknown: map[string]int{}, settings: map[string]Text{}}}
	for _, n := range names {
		l.names[below(n)] = n
	}
	l.series()
	l.system()
	l.cpu()
	l.cgroups()
	l.memory()
	l.pressure()
	l.disks()
	l.fileSystems()
	l.network()
	l.files()
	l.clock()
	if name, ok := l.json(hostseries.Top, &l.facts.Processes.TopTable); ok {
		l.facts.Processes.Ref = Ref{Source: name}
	}
	l.facts.Stall = l.moments(hostseries.SamplerLate, func(row int) float64 { return l.at(hostseries.SamplerLate, row) })
	return l.facts, l.errs
}

// below returns the part of a name below the last folder named host.
func below(name string) string {
	const folder = "/host/"
	if i := strings.LastIndex("/"+name, folder); i >= 0 {
		return ("/" + name)[i+len(folder):]
	}
	return name
}

func (l *loader) fail(name string, err error) {
	l.errs = append(l.errs, fmt.Errorf("%s: %w", name, err))
}

// read returns the content of an entry and its full name; ok is false when there
// is none or it cannot be read.
func (l *loader) read(entry string) (content []byte, name string, ok bool) {
	name, ok = l.names[entry]
	if !ok {
		return nil, "", false
	}
	content, err := l.open(name)
	if err != nil {
		l.fail(name, err)
		return nil, name, false
	}
	return content, name, true
}

// newest returns the entry of the end of the capture, or that of its start.
func (l *loader) newest(entry string) (content []byte, name string, ok bool) {
	if content, name, ok = l.read(hostseries.End + entry); ok {
		return content, name, ok
	}
	return l.read(hostseries.Start + entry)
}

func (l *loader) json(entry string, v any) (name string, ok bool) {
	b, name, ok := l.read(entry)
	if !ok {
		return name, false
	}
	if err := budget.Unmarshal(b, v); err != nil {
		l.fail(name, err)
		return name, false
	}
	return name, true
}

// sections returns the small files in an entry by their path.
func (l *loader) sections(entry string) map[string]Text {
	b, name, ok := l.read(entry)
	if !ok {
		return nil
	}
	list, stray := hostseries.Sections(b)
	if stray > 0 {
		l.facts.Unknown[name] += stray
	}
	files := make(map[string]Text, len(list))
	for _, s := range list {
		files[s.Name] = Text{s.Content, Ref{Source: name, Line: s.Line + 1, Key: s.Name}}
	}
	return files
}

func (l *loader) newestSections(entry string) map[string]Text {
	if files := l.sections(hostseries.End + entry); files != nil {
		return files
	}
	return l.sections(hostseries.Start + entry)
}

// keyed reads lines of a key, one of the separators and a value.
func keyed(b []byte, name, separators string) map[string]Text {
	out := map[string]Text{}
	n := 0
	for line := range bytes.Lines(b) {
		n++
		i := bytes.IndexAny(line, separators)
		if i <= 0 {
			continue
		}
		key := strings.TrimSpace(string(line[:i]))
		if _, known := out[key]; !known {
			out[key] = Text{strings.TrimSpace(string(line[i+1:])), Ref{Source: name, Line: n, Key: key}}
		}
	}
	return out
}

// series joins the parts of the counter series in order.
func (l *loader) series() {
	var parts []string
	for entry := range l.names {
		if hostseries.Series.Match(entry) {
			parts = append(parts, entry)
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	f := l.facts
	for _, entry := range parts {
		b, name, ok := l.read(entry)
		if !ok {
			continue
		}
		s, err := series.Read(bytes.NewReader(b))
		if err != nil {
			l.fail(name, err)
		}
		if s.Skipped > 0 {
			f.Unknown[name] += s.Skipped
		}
		if len(s.Times) == 0 {
			continue
		}
		if f.Series != nil && s.Times[0].Before(f.Series.Times[len(f.Series.Times)-1]) {
			l.fail(name, errors.New("begins before the part before it ends: the clock was set back"))
			continue
		}
		f.parts = append(f.parts, part{name: name, exact: s.Skipped == 0})
		f.Parts = append(f.Parts, name)
		if f.Series == nil {
			f.Series = s
			continue
		}
		f.parts[len(f.parts)-1].first = len(f.Series.Times)
		f.Series.Join(s)
	}
	if f.Series != nil {
		f.Span = f.Series.Times[len(f.Series.Times)-1].Sub(f.Series.Times[0])
	}
}
