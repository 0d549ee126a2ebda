package names

import "strings"

// place is at what a text stands. Below Kinds it is a kind: the text is a name of it for sure.
type place int

const (
	userPlace  place = place(Kinds) + iota // of a user
	userMaybe                              // of a user, where other words stand too
	hostPlace                              // of a host, with or without its domain
	queryPlace                             // the value of a query
	places
)

// kindAt are the kinds of names at places above Kinds.
var kindAt = [places]Kind{userPlace: User, userMaybe: User, hostPlace: Host, queryPlace: Query}

// maxDecided bounds what a Rewriter remembers of one place.
const maxDecided = 1 << 16

// learnedMark stands for any pseudonym while names are only learned.
const learnedMark = "\x00"

// at replaces line[start:end], which stands at a place, if it is a name.
func (r *Rewriter) at(p place, start, end int) {
	text := r.line[start:end]
	as, known := r.decided[p][string(text)]
	if !known {
		as = r.decide(p, string(text))
		if r.decided[p] == nil {
			r.decided[p] = map[string]string{}
		}
		if len(r.decided[p]) < maxDecided {
			r.decided[p][string(text)] = as
		}
	}
	if as == "" {
		return
	}
	kind := Kind(p)
	if int(p) >= Kinds {
		kind = kindAt[p]
	}
	r.add(start, end, kind, as)
}

// decide returns what stands for a text at a place; empty: it stays.
func (r *Rewriter) decide(p place, text string) string {
	switch p {
	case userPlace, userMaybe:
		if !r.isUser(text, p == userPlace) {
			return ""
		}
		if r.learn && len(text) > 2 {
			r.set.learn(User, text, false)
		}
		return r.pseudonym(User, text)
	case hostPlace:
		return r.hostAt(strings.ToLower(text))
	case queryPlace:
		if keptValue(text) {
			return ""
		}
		return r.pseudonym(Query, text)
	}
	return r.pseudonym(Kind(p), text)
}

// pseudonym is that of a name; none is made while names are only learned.
func (r *Rewriter) pseudonym(kind Kind, name string) string {
	if r.learn {
		return learnedMark
	}
	return r.set.Pseudonym(kind, name)
}

// isUser reports whether a text at the place of a user names one; sure: nothing else stands there.
func (r *Rewriter) isUser(text string, sure bool) bool {
	name := strings.ToLower(text)
	switch {
	case isPseudonym(text) || keptUsers[name] || strings.Contains(text, "[redacted") ||
		strings.ContainsAny(text, "${}%*<>/=:,\"&"),
		len(text) > 64 || isDigit(text[0]) || !isWord(text[0]),
		!sure && commonWords[name] && !r.set.knows(name),
		strings.Count(text, "-") > 1 && isDigit(text[len(text)-1]), // a thread
		strings.Count(text, ".") > 1 || strings.Count(text, " ") > 3,
		strings.TrimSpace(text) != text:
		return false
	}
	return true
}

// hostAt decides about a text at the place of a host, in lower case.
func (r *Rewriter) hostAt(name string) string {
	if !learnable(Host, name) && !(len(name) == 1 && isLetter(name[0])) || publicHost(name) {
		return ""
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if first, _, _ := strings.Cut(name, "."); isPseudonym(first) || strings.Trim(first, "0123456789") == "" ||
		strings.Trim(last, "0123456789") == "" {
		return ""
	}
	if r.learn {
		r.set.learn(Host, name, false)
		if _, domain := splitHost(name); domain != "" {
			r.set.learn(Domain, domain, false)
		}
		return learnedMark
	}
	return r.set.HostName(name)
}
