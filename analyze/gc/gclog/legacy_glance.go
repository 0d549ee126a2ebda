package gclog

import "bytes"

// legacyGlance takes a line of which its first bytes say to whom it is: of a log with details most are. classify comes to the same.
func (p *parser) legacyGlance(line []byte) (c class, ok bool) {
	if len(line) == 0 {
		return other, false
	}
	open := p.legacy.depth > 0
	switch line[0] {
	case ' ':
		if !open {
			return p.indentedLine(line)
		}
		return p.ergonomics(line)
	case ',': // the end of a record
		if open {
			return p.recordEnd(line), true
		}
	case '-', 'D':
		return detail, open && tenuring(line)
	}
	return other, false
}

// indentedLine takes "      [Scan RS (ms): Min: 66.2, Avg: 66.6, Max: 66.9]", outside of any record.
func (p *parser) indentedLine(line []byte) (c class, ok bool) {
	t := trimBlanks(line)
	if len(t) == 0 || t[0] != '[' {
		return other, false
	}
	if c = p.indentedRecord(t); c == foreign {
		c = p.scanRecords(line)
	}
	return c, true
}

// ofWorkers reports whether indentedRecord has nothing to read in a record, as in most lines below a pause of G1.
func ofWorkers(t []byte) bool {
	if len(t) < len("[Ref Proc") || !isLetter(t[1]) {
		return false
	}
	switch string(t[1:5]) { // what it looks for begins so
	case "Time", "Eden", "GC p", "Full", "GC (", "CMS-", "GC c", "PSYo", "ParN", "DefN":
		return false
	case "Ref ":
		if t[5] == 'P' {
			return false
		}
	}
	return bytes.IndexByte(t[1:], '[') < 0
}

// recordEnd takes ", 0.1587570 secs]", and what else begins so.
func (p *parser) recordEnd(line []byte) class {
	if s := &p.legacy; has(line, ", ") && s.skipped == 0 {
		if d, r, ok := nanos(line[len(", "):], second); ok && string(r) == " secs]" {
			top := s.top()
			top.took, top.timed = d, true
			p.closeRecord()
			return fact
		}
	}
	return p.scanRecords(line)
}

// tenuring tells the rows of PrintTenuringDistribution, which stand inside the record of their pause.
func tenuring(line []byte) bool {
	return (has(line, "- age ") || has(line, "Desired survivor size ")) && inTable(line)
}

// ergonomics takes " 64123.753: [G1Ergonomics (CSet Construction) add young regions to CSet, eden: 25 regions, ...]", inside the record of its pause.
func (p *parser) ergonomics(line []byte) (c class, ok bool) {
	n := 1
	for n < len(line) && (isDigit(line[n]) || line[n] == '.') {
		n++
	}
	name := line[n:]
	if !has(name, ": [G1Ergonomics (") {
		return other, false
	}
	if name = name[len(": ["):]; bytes.IndexByte(name, ']') != len(name)-1 || bytes.IndexByte(name, '[') >= 0 {
		return other, false
	}
	p.humongousRequest(name)
	return fact, true
}
