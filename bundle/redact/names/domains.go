package names

import (
	"bytes"
	"strings"
)

// amazon is ip-10-1-2-3.
func (r *Rewriter) amazon(start, end int) int {
	line := r.line
	stop, numbers := end, 0
	for stop+1 < len(line) && line[stop] == '-' && isDigit(line[stop+1]) {
		numbers++
		stop++
		for stop < len(line) && isDigit(line[stop]) {
			stop++
		}
	}
	if numbers != 4 {
		return end
	}
	if full := r.hostEnd(stop); full > stop {
		stop = full
	}
	r.host(start, stop)
	return stop
}

// privateDomain looks at a name that ends with a domain of no public network: db-1.prod.acme.local.
func (r *Rewriter) privateDomain(start, end int) int {
	if from := r.labelsBefore(start, end); from >= 0 && (bytes.Count(r.line[from:end], []byte(".")) > 1 ||
		bytes.ContainsAny(r.line[from:start], "0123456789-")) {
		return max(end, r.hostName(from, end))
	}
	return end
}

// publicDomain looks at a name that ends with a domain of the public network: www.acme.com, and no package.
func (r *Rewriter) publicDomain(start, end int) int {
	from := r.labelsBefore(start, end)
	if from < 0 || end < len(r.line) && (r.line[end] == '(' || r.line[end] == '_' || r.line[end] == ':' &&
		end+1 < len(r.line) && !isDigit(r.line[end+1]) && r.line[end+1] != ' ') {
		return end
	}
	labels := r.line[from:start]
	if bytes.ContainsAny(labels, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return end
	}
	first, _, _ := bytes.Cut(labels, []byte("."))
	for label := range bytes.SplitSeq(labels[:len(labels)-1], []byte(".")) {
		if len(label) < 2 {
			return end
		}
	}
	if packageRoots[string(first)] || codeTops[string(bytes.ToLower(r.line[start:end]))] && bytes.Count(labels, []byte(".")) < 2 &&
		!bytes.ContainsAny(labels, "0123456789-") {
		return end
	}
	return max(end, r.hostName(from, end))
}

// labelsBefore is where a name with dots begins that ends with the label [start, end); -1: it is none.
func (r *Rewriter) labelsBefore(start, end int) int {
	line := r.line
	if start < 2 || line[start-1] != '.' || end < len(line) && (isWord(line[end]) || line[end] == '-' ||
		line[end] == '$' || line[end] == '@') ||
		end+1 < len(line) && line[end] == '.' && isWord(line[end+1]) {
		return -1
	}
	from := start
	for from > 1 && start-from < longestHost && line[from-1] == '.' && (isWord(line[from-2]) || line[from-2] == '-') {
		from--
		for from > 0 && (isWord(line[from-1]) || line[from-1] == '-') {
			from--
		}
	}
	if from == start || from > 0 && strings.IndexByte("@$_/\\%", line[from-1]) >= 0 &&
		!bytes.HasSuffix(line[:from], []byte("//")) {
		return -1
	}
	for from < start && line[from] == '-' {
		from++
	}
	return from
}
