package names

import (
	"bytes"
	"strings"
)

// triggers are words that say what stands after them.
var triggers map[uint64]func(r *Rewriter, start, end int) int

func init() {
	triggers = map[uint64]func(*Rewriter, int, int) int{}
	for words, look := range map[string]func(*Rewriter, int, int) int{
		`user username userid usr login loginname remoteuser currentuser authuser dbuser jdbcuser owner author creator modifier
		 lastmodifier principal uid cn fullname displayname runas logname sudo accountname samaccountname auser`: (*Rewriter).afterUser,
		`host hostname servername nodename fqdn remotehost peerhost dbhost hostaddress serverhost computername canonicalhostname`: (*Rewriter).afterHost,
		`address addr server servers peer peers endpoint endpoints broker brokers listens target targets nodes hosts members contact
		 contactpoints seeds seed bootstrap upstream backend`: (*Rewriter).afterAddress,
		`spacekey space`:                         (*Rewriter).afterSpace,
		`title pagetitle`:                        (*Rewriter).afterTitle,
		`home users`:                             (*Rewriter).homeFolder,
		`root`:                                   (*Rewriter).rootFolder,
		`for`:                                    (*Rewriter).afterFor,
		`hsperfdata`:                             (*Rewriter).perfdata,
		`get post put delete head options patch`: (*Rewriter).request,
		`url uri`:                                (*Rewriter).afterURL,
		`select insert update`:                   (*Rewriter).sql,
		`ip`:                                     (*Rewriter).amazon,
	} {
		for _, word := range strings.Fields(words) {
			triggers[hash(word)] = look
		}
	}
	for top := range publicTops {
		tops[hash(top)] = (*Rewriter).publicDomain
	}
	for top := range nakedTops {
		tops[hash(top)] = (*Rewriter).privateDomain
	}
	for h := range tops {
		i := h >> (64 - bitBits)
		topBits[i/64] |= 1 << (i % 64)
	}
}

// tops are the last labels of names of hosts, asked for after a dot only.
var (
	tops    = map[uint64]func(r *Rewriter, start, end int) int{}
	topBits [1 << bitBits / 64]uint64
)

// value is what stands after a name and = : or > from end on; quoted: it may have blanks.
func (r *Rewriter) value(end int) (start, stop int, quoted bool) {
	line := r.line
	at := end
	for at < len(line) && strings.IndexByte(`"'\]`, line[at]) >= 0 {
		at++
	}
	for _, more := range valueWords { // name="user" value="x", "name":"user","value":"x"
		if bytes.HasPrefix(line[at:], []byte(more)) {
			at += len(more) - 1
			break
		}
	}
	blank := at
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	if at >= len(line) {
		return 0, 0, false
	}
	switch c := line[at]; {
	case c == '=' || c == ':':
		at++
		if at < len(line) && (line[at] == '>' || line[at] == ':') {
			return 0, 0, false
		}
	case c == '>' && blank == at && at-end < 2:
		at++
		stop := bytes.IndexByte(line[at:min(len(line), at+longestValue)], '<')
		if stop < 0 {
			return 0, 0, false
		}
		return at, at + stop, true
	case at > blank && (c == '\'' || c == '[' || c == '"') && blank == end: // user 'x', user [x]
	default:
		return 0, 0, false
	}
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	if at < len(line) && line[at] == '\\' {
		at++
	}
	if at >= len(line) {
		return 0, 0, false
	}
	if c := line[at]; c == '"' || c == '\'' || c == '[' || c == '`' {
		if c == '[' {
			c = ']'
		}
		stop := bytes.IndexByte(line[at+1:min(len(line), at+longestValue)], c)
		if stop < 0 {
			return 0, 0, false
		}
		stop += at + 1
		if stop > at+1 && line[stop-1] == '\\' {
			stop--
		}
		return at + 1, stop, true
	}
	stop = at
	for stop < len(line) && (isWord(line[stop]) || strings.IndexByte(`._-@$\+`, line[stop]) >= 0) {
		stop++
	}
	for stop > at && strings.IndexByte(`.\`, line[stop-1]) >= 0 {
		stop--
	}
	return at, stop, false
}

// valueWords stand between a name and its value where both are values themselves; the last byte is that before the
// value.
var valueWords = []string{" value=", `,"value":`, `, "value":`, ` value\\=`}

// afterKey skips what belongs to the key: user.name, user_name, user-id, user name.
func (r *Rewriter) afterKey(end int) int {
	for _, more := range []string{".name", "_name", "-name", " name", ".id", "_id", "-id", ".login"} {
		if stop := end + len(more); stop <= len(r.line) && equalFold(r.line[end:stop], more) &&
			(stop == len(r.line) || !isWord(r.line[stop])) {
			return stop
		}
	}
	return end
}

func (r *Rewriter) afterUser(start, end int) int {
	line := r.line
	if name := end + 1; end < len(line) && line[end] == ' ' { // session opened for user x(uid=1000)
		if n := bytes.Index(line[name:min(len(line), name+64)], []byte("(uid=")); n > 0 && bytes.IndexByte(line[name:name+n], ' ') < 0 {
			r.user(name, name+n, true)
		}
	}
	from, to, quoted := r.value(r.afterKey(end))
	if from >= to {
		return end
	}
	if to < len(line) && line[to] == '(' && !quoted { // uid=1000(name), or a call
		if len(bytes.Trim(line[from:to], "0123456789")) > 0 {
			return end
		}
		stop := bytes.IndexByte(line[to:min(len(line), to+longestHost)], ')')
		if stop < 0 {
			return end
		}
		from, to = to+1, to+stop
	}
	if back := bytes.LastIndexByte(line[from:to], '\\'); back >= 0 { // DOMAIN\user
		if b := bytes.TrimRight(line[from:from+back], `\`); len(b) > 0 {
			r.at(hostPlace, from, from+len(b))
		}
		from += back + 1
	}
	if bytes.IndexByte(line[from:to], '@') >= 0 {
		return end // found by itself
	}
	r.user(from, to, quoted)
	return max(end, to)
}

// user replaces the name of a user that stands at its place.
func (r *Rewriter) user(start, end int, sure bool) {
	switch {
	case start >= end:
	case sure:
		r.at(userPlace, start, end)
	default:
		r.at(userMaybe, start, end)
	}
}

func (r *Rewriter) afterHost(start, end int) int {
	from, to, _ := r.value(r.afterKey(end))
	if from >= to {
		return end
	}
	stop := from
	for stop < to && isHostByte(r.line[stop]) {
		stop++
	}
	if stop < len(r.line) && strings.IndexByte("/(_$@", r.line[stop]) >= 0 {
		return end
	}
	if name := strings.ToLower(string(r.line[from:stop])); commonWords[name] && !r.set.knows(name) {
		return end
	}
	if isDigit(r.line[from]) { // an address, which is found by itself
		return end
	}
	r.host(from, stop)
	return end
}

// afterAddress replaces the hosts of host:port,host:port; other texts stay.
func (r *Rewriter) afterAddress(_, end int) int {
	from, _, _ := r.value(end)
	if from == 0 {
		return end
	}
	line := r.line
	for at := from; at < len(line); {
		for at < len(line) && (line[at] == '"' || line[at] == '[' || line[at] == ' ' || line[at] == '\'') { // a list of JSON
			at++
		}
		colon := at
		for colon < len(line) && isHostByte(line[colon]) {
			colon++
		}
		port := colon + 1
		for port < len(line) && isDigit(line[port]) {
			port++
		}
		if colon == at || colon >= len(line) || line[colon] != ':' || port < colon+3 || port > colon+6 || !isLetter(line[at]) ||
			port < len(line) && (isWord(line[port]) || line[port] == ':') {
			return end
		}
		r.host(at, colon)
		for port < len(line) && (line[port] == '"' || line[port] == '\'' || line[port] == ' ') {
			port++
		}
		if port >= len(line) || line[port] != ',' {
			return end
		}
		at = port + 1
	}
	return end
}

func (r *Rewriter) afterSpace(start, end int) int {
	from, to, quoted := r.value(r.afterKeyOf(end, ".key", "_key", "-key", " key"))
	if from >= to || quoted && bytes.IndexByte(r.line[from:to], ' ') >= 0 {
		return end
	}
	text := string(r.line[from:to])
	if isPseudonym(text) || isDigit(text[0]) || commonWords[strings.ToLower(text)] ||
		end-start == len("space") && strings.ToUpper(text) != text && text[0] != '~' {
		return end
	}
	if text[0] == '~' {
		from++
	}
	r.at(place(Space), from, to)
	return to
}

func (r *Rewriter) afterKeyOf(end int, list ...string) int {
	for _, more := range list {
		if stop := end + len(more); stop <= len(r.line) && equalFold(r.line[end:stop], more) {
			return stop
		}
	}
	return end
}

// afterTitle replaces a title: to the end of its quotes, or of the word.
func (r *Rewriter) afterTitle(start, end int) int {
	from, to, _ := r.value(end)
	if from >= to {
		return end
	}
	text := string(r.line[from:to])
	if isPseudonym(text) || strings.Trim(text, "0123456789.-_") == "" || strings.ContainsAny(text, "${}<>") {
		return end
	}
	r.at(place(Title), from, to)
	return to
}

// request is GET /path?query HTTP/1.1.
func (r *Rewriter) request(start, end int) int {
	if end+1 >= len(r.line) || r.line[end] != ' ' || r.line[end+1] != '/' {
		return end
	}
	return r.pathAt(end + 1)
}

func (r *Rewriter) pathAt(at int) int {
	end := at
	for end < min(len(r.line), at+longestURL) && !endsURL(r.line[end]) {
		end++
	}
	r.path(at, end)
	return at
}

func (r *Rewriter) afterURL(start, end int) int {
	from, to, _ := r.value(end)
	if from == 0 || from >= len(r.line) || r.line[from] != '/' || to < from {
		return end
	}
	r.pathAt(from)
	return end
}

// sql replaces the literals of a statement.
func (r *Rewriter) sql(start, end int) int {
	line := r.line
	if r.inSQL || end >= len(line) || line[end] > ' ' {
		return end
	}
	rest := bytes.ToLower(line[end:min(len(line), end+4096)])
	verb := lowered[line[start]]
	if verb == 's' && !bytes.Contains(rest, []byte(" from ")) || verb == 'i' &&
		!bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte("into ")) ||
		verb == 'u' && !bytes.Contains(rest, []byte(" set ")) {
		return end
	}
	r.inSQL = true // what follows is looked at as a whole
	for at := end; at < len(line); {
		open := bytes.IndexByte(line[at:], '\'')
		if open < 0 {
			break
		}
		open += at + 1
		stop := open
		for stop < len(line) && line[stop] != '\'' {
			stop++
		}
		if stop >= len(line) {
			break
		}
		if text := string(line[open:stop]); len(text) > 0 && !isPseudonym(text) && !strings.Contains(text,
			"[redacted") && !strings.Contains(text, "%%") {
			r.at(place(Literal), open, stop)
		}
		at = stop + 1
	}
	return end
}
