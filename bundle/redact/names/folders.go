package names

import (
	"bytes"
	"strings"
)

// homeFolder replaces the user and what lies below /home/user, /Users/user, C:\Users\user.
func (r *Rewriter) homeFolder(start, end int) int {
	line := r.line
	if start == 0 || line[start-1] != '/' && line[start-1] != '\\' || end >= len(line) || line[end] != '/' &&
		line[end] != '\\' {
		return end
	}
	if word := string(line[start:end]); word != "home" && word != "Users" {
		return end
	}
	before := bytes.TrimRight(line[:start], `/\`)
	if n := len(before); n > 0 && isPathWord(before[n-1]) && !bytes.HasSuffix(before, []byte("/export")) &&
		!bytes.HasSuffix(before, []byte("/var")) &&
		!bytes.HasSuffix(before, []byte("/mnt/c")) {
		return end
	}
	return r.below(end, true)
}

func isPathWord(c byte) bool { return isWord(c) || strings.IndexByte("._-~%+", c) >= 0 }

func (r *Rewriter) rootFolder(start, end int) int {
	line := r.line
	if start == 0 || line[start-1] != '/' || start > 1 && isPathWord(line[start-2]) || end >= len(line) ||
		line[end] != '/' {
		return end
	}
	return r.below(end, false)
}

// below replaces the parts of a path from a slash on; the first of them is a user.
func (r *Rewriter) below(at int, user bool) int {
	line := r.line
	for at < len(line) && (line[at] == '/' || line[at] == '\\') {
		for at < len(line) && (line[at] == '/' || line[at] == '\\') {
			at++
		}
		stop := at
		for stop < len(line) && !endsURL(line[stop]) && strings.IndexByte(`/\:;*?]=!#`, line[stop]) < 0 {
			stop++
		}
		if stop == at {
			return at
		}
		last := stop >= len(line) || line[stop] != '/' && line[stop] != '\\'
		if user {
			r.user(at, stop, true)
			user = false
		} else if text := string(line[at:stop]); !technical(text) && !isPseudonym(text) {
			r.add(at, stop, Path, r.pathName(text, last))
		}
		at = stop
	}
	return at
}

// pathName is the pseudonym of a part of a path; a file keeps its ending.
func (r *Rewriter) pathName(text string, last bool) string {
	as := r.pseudonym(Path, text)
	if dot := strings.LastIndexByte(text, '.'); last && dot > 0 && len(text)-dot <= 11 {
		return filePrefix + strings.TrimPrefix(as, prefixes[Path]) + strings.ToLower(text[dot:])
	}
	return as
}

// perfdata is the folder of a user's JVMs: hsperfdata_user.
func (r *Rewriter) perfdata(start, end int) int {
	line := r.line
	if end >= len(line) || line[end] != '_' {
		return end
	}
	stop := end + 1
	for stop < len(line) && (isWord(line[stop]) || strings.IndexByte("._-", line[stop]) >= 0) {
		stop++
	}
	r.user(end+1, stop, true)
	return stop
}
