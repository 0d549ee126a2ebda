package redact

import (
	"bytes"
	"cmp"
	"slices"
)

// engine scrubs one entry. It is used by one goroutine.
type engine struct {
	secrets    *Secrets
	words      *wordIndex
	text       *matcher
	counts     map[string]int
	learn      bool // add what the rules find to secrets
	quiet      bool // count nothing: a pass that only learns
	inDocument bool // what is learned is published once a pass, not once a scalar
	names      bool // names are replaced after the secrets: users have pseudonyms
	trusted    bool // the text is configuration: its user names are no secrets
	learned    []string
	inPEM      bool
	pemPrefix  []byte  // of the lines of that key
	mayOpen    bool    // the line at hand has words of a rule whose secret may go on
	opened     opening // the line before ends in front of its secret
	spans      []found
	asked      idSet                         // the rules that the line at hand asks for
	base       int                           // of the text at hand in the entry, for onHit
	onHit      func(offset int, rule string) // nil unless checking
	out        []byte
}

// userRule replaces users, where names stay otherwise.
const userRule = "username"

func newEngine(s *Secrets) *engine {
	e := &engine{secrets: s, words: triggerWords(), counts: map[string]int{}}
	e.text = s.inTexts()
	return e
}

// publish hands what was learned to the set, and takes the new searchers.
func (e *engine) publish() {
	if len(e.learned) > 0 && e.learn {
		for _, v := range e.learned {
			e.secrets.Learn(v)
		}
		e.text = e.secrets.inTexts()
	}
	e.learned = e.learned[:0]
}

func (e *engine) count(rule string, offset int) {
	if e.quiet {
		return
	}
	e.counts[rule]++
	if e.onHit != nil {
		e.onHit(e.base+offset, rule)
	}
}

// textBlock returns block without its secrets; skip bytes at its start were written before and
// are only context. The result is valid until the next call.
func (e *engine) textBlock(block []byte, skip int) []byte {
	spans := e.find(block)
	for len(spans) > 0 && spans[0].end <= skip {
		spans = spans[1:]
	}
	if len(spans) == 0 {
		return block[skip:]
	}
	spans[0].start = max(spans[0].start, skip)
	e.out = e.out[:0]
	at := skip
	for len(spans) > 0 {
		start, end := lineAround(block, spans[0].start)
		start = max(start, at)
		n := 0
		several := start > 0 && start == skip
		for n < len(spans) && (n == 0 || spans[n].start < end) {
			if spans[n].end > end {
				_, end = lineAround(block, spans[n].end-1)
				several = true
			}
			n++
		}
		e.out = append(e.out, block[at:start]...)
		e.out = e.replace(e.out, block[start:end], spans[:n], start, !several)
		at, spans = end, spans[n:]
	}
	return append(e.out, block[at:]...)
}

// lineAround returns the bounds of the line that holds offset at, without its newline.
func lineAround(b []byte, at int) (start, end int) {
	start = bytes.LastIndexByte(b[:at], '\n') + 1
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return start, at + n
	}
	return start, len(b)
}

const maxPasses = 16

// replace appends line to dst with the spans, whose offsets count from base, replaced by markers. A
// replacement can uncover another match; again asks to look until none is left, so that
// scrubbing twice changes nothing.
func (e *engine) replace(dst, line []byte, spans []found, base int, again bool) []byte {
	from := len(dst)
	at := 0
	for _, s := range spans {
		dst = append(dst, line[at:s.start-base]...)
		dst = append(dst, marker(s.rule)...)
		e.count(s.rule, s.start)
		at = s.end - base
	}
	dst = append(dst, line[at:]...)
	for pass := 1; again && pass < maxPasses; pass++ {
		line := bytes.Clone(dst[from:])
		more := e.findLine(line, 0, nil, 0)
		more = e.findKnown(line, more)
		more = effective(line, more)
		if len(more) == 0 {
			break
		}
		dst = e.replace(dst[:from], line, more, 0, false)
	}
	return dst
}

// find returns the spans to replace in a block of lines, in order and disjoint.
func (e *engine) find(block []byte) []found {
	spans := e.spans[:0]
	looked := aliases{}
	at := 0
	if e.inPEM {
		spans, at = e.pemBody(block, 0, spans)
	}
	spans, at = e.goesOn(block, at, spans)
	for {
		hit := e.words.find(block, at)
		if hit < 0 {
			break
		}
		start, end := lineAround(block, hit-1)
		start = max(start, at)
		spans = e.findLine(block[start:end], max(0, hit-1-start), spans, start)
		if e.mayOpen {
			spans = e.anchored(block, start, end, looked, spans)
		}
		at = end
		if opensPEM(block[start:end]) {
			e.pemPrefix = pemPrefix(block[start:end])
			spans, at = e.pemBody(block, min(end+1, len(block)), spans)
		} else if end < len(block) {
			if e.mayOpen {
				e.opened = opens(block[start:end])
			}
			spans, at = e.goesOn(block, end+1, spans)
		}
	}
	if e.learn && !e.inDocument {
		e.publish()
	}
	spans = e.findKnown(block, spans)
	e.spans = spans
	return effective(block, spans)
}

// findLine runs the rules that the line's trigger words ask for, on the line and on how its reader takes it.
// No trigger word begins before from.
func (e *engine) findLine(line []byte, from int, spans []found, base int) []found {
	report := func(f found) {
		e.note(line, f)
		if f.start < f.end && f.rule != "" {
			f.start, f.end = f.start+base, f.end+base
			spans = append(spans, f)
		}
	}
	ids := &e.asked
	*ids = idSet{}
	e.words.all(line[min(from, len(line)):], ids)
	e.mayOpen = ids.has(keyedRule) || ids.has(protocolRule)
	if ids.empty() {
		return spans
	}
	e.applyRules(line, ids, report)
	if !needsFold(line) {
		return spans
	}
	if folded := fold(line); !bytes.Equal(folded.text, line) {
		ids := new(idSet)
		e.words.all(folded.text, ids)
		e.mayOpen = e.mayOpen || ids.has(keyedRule)
		e.applyRules(folded.text, ids, func(f found) { report(folded.original(f)) })
		for _, f := range e.findKnown(folded.text, nil) {
			report(folded.original(secretAt(f.start, f.end, f.rule, false)))
		}
	}
	return spans
}

func (e *engine) applyRules(line []byte, ids *idSet, report func(found)) {
	for i := range ids.each {
		if i < len(rules) && !(e.names && rules[i].Name == userRule) {
			rules[i].find(line, report)
		}
	}
}

// note remembers the value of a finding.
func (e *engine) note(line []byte, f found) {
	switch {
	case !e.learn || !f.learn:
	case f.value != "":
		e.learned = append(e.learned, f.value)
	case f.rule == "":
		e.user(string(line[f.start:f.end]))
	default:
		e.learnValue(string(line[f.start:f.end]), f.rule)
	}
}

// findKnown adds the places of known values to what the rules found in b. Values that are words of the text are left
// alone, and not looked for any more.
func (e *engine) findKnown(b []byte, spans []found) []found {
	ruled := len(spans)
	var places map[string]int
	known := e.text.search(b)
	for at := 0; ; {
		m, ok := known.from(at)
		if !ok {
			break
		}
		f := secretAt(m.start, m.end, "known", false)
		f.value = m.value
		spans = append(spans, f)
		at = m.end
	}
	if !e.learn || len(spans)-ruled < oftenWord {
		return spans
	}
	places = map[string]int{}
	slices.SortStableFunc(spans[:ruled], func(x, y found) int { return cmp.Compare(x.start, y.start) })
	r := 0
	for _, f := range spans[ruled:] {
		for r < ruled && spans[r].end <= f.start {
			r++
		}
		if r == ruled || spans[r].start >= f.end {
			places[f.value]++
		}
	}
	often := map[string]bool{}
	for value, n := range places {
		if isTooOften(value, n) {
			often[value] = true
			e.secrets.demote(value)
		}
	}
	if len(often) == 0 {
		return spans
	}
	e.text = e.secrets.inTexts()
	return append(spans[:ruled], slices.DeleteFunc(spans[ruled:], func(f found) bool { return often[f.value] })...)
}

// effective sorts spans, joins those that overlap, and cuts the markers of an earlier pass out of them.
func effective(b []byte, spans []found) []found {
	if len(spans) == 0 {
		return nil
	}
	slices.SortStableFunc(spans, func(x, y found) int {
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(y.end, x.end))
	})
	joined := spans[:0]
	for _, s := range spans {
		if n := len(joined); n > 0 && s.start < joined[n-1].end {
			joined[n-1].end = max(joined[n-1].end, s.end)
			continue
		}
		joined = append(joined, s)
	}
	if !bytes.Contains(b, []byte(markerStart)) {
		return joined
	}
	var kept []found
	for _, s := range joined {
		kept = appendOutsideMarkers(kept, b, s)
	}
	return kept
}

// appendOutsideMarkers adds the parts of s that no marker covers, unless they are only punctuation.
func appendOutsideMarkers(kept []found, b []byte, s found) []found {
	for start := s.start; start < s.end; {
		at, n := nextMarker(b, start)
		if n > 0 && at < s.start {
			start = max(start, at+n)
			continue
		}
		end := s.end
		if n > 0 {
			end = min(end, at)
		}
		for start < end && (b[start] == '\n' || b[start] == '\r') {
			start++
		}
		for end > start && (b[end-1] == '\n' || b[end-1] == '\r') {
			end--
		}
		if start < end && (start == s.start && end == s.end || !isPlaceholder(b[start:end])) {
			kept = append(kept, secretAt(start, end, s.rule, s.learn))
		}
		if n == 0 || at+n >= s.end {
			break
		}
		start = at + n
	}
	return kept
}

// nextMarker returns the first marker that ends after from.
func nextMarker(b []byte, from int) (at, n int) {
	for at = max(0, from-len(markerStart)-32); ; at++ {
		i := bytes.Index(b[at:], []byte(markerStart))
		if i < 0 {
			return 0, 0
		}
		at += i
		if n = markerLen(b[at:]); n > 0 && at+n > from {
			return at, n
		}
	}
}
