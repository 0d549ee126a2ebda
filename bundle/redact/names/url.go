package names

import (
	"bytes"
	"strings"
)

// url looks at scheme://authority/path?query#fragment, with the escapes of JSON and .properties; at is the colon.
func (r *Rewriter) url(word, at int) int {
	line := r.line
	slash := at + 1
	for range 2 {
		if slash < len(line) && line[slash] == '\\' {
			slash++
		}
		if slash >= len(line) || line[slash] != '/' {
			return at
		}
		slash++
	}
	end := max(slash, r.urlEnd) // within the path of another one
	if at >= r.urlEnd {
		for end = slash; end < min(len(line), slash+longestURL) && !endsURL(line[end]); {
			end++
		}
	}
	for end > slash && strings.IndexByte(".,;:)]}\\", line[end-1]) >= 0 && !balanced(line[slash:end]) {
		end--
	}
	authority := slash
	for authority < end && line[authority] != '/' && line[authority] != '?' && line[authority] != '#' &&
		line[authority] != ';' &&
		!(line[authority] == '\\' && authority+1 < end && line[authority+1] == '/') {
		authority++
	}
	scheme := ""
	if word >= 0 {
		scheme = strings.ToLower(string(bytes.TrimRight(line[word:at], `\`)))
	}
	if strings.HasPrefix(scheme, "http") && r.isPublic(line[slash:authority]) {
		return authority
	}
	r.authority(slash, authority)
	if at >= r.urlEnd {
		r.path(authority, end)
		r.urlEnd = end
	}
	return authority
}

// isPublic is publicHost, remembered.
func (r *Rewriter) isPublic(authority []byte) bool {
	is, known := r.public[string(authority)]
	if !known {
		is = publicHost(string(authority))
		if len(r.public) < maxDecided {
			r.public[string(authority)] = is
		}
	}
	return is
}

// Bounds of what one look goes over, in bytes, so that no line takes time with the square of its length.
const (
	longestURL   = 8 << 10
	longestValue = 4 << 10
	longestHost  = 256
)

// endsURL reports whether a byte stands in no URL; line goes on after it.
func endsURL(c byte) bool { return urlEnds[c] }

var urlEnds = func() (ends [256]bool) {
	for i := range ends {
		ends[i] = endsAnyURL(byte(i))
	}
	return ends
}()

func endsAnyURL(c byte) bool {
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == '|' || c == '{' || c == '}' || c == ')' || c == ','
}

// balanced reports whether the last byte is the bracket of one before it.
func balanced(b []byte) bool {
	return b[len(b)-1] == ']' && bytes.IndexByte(b, '[') >= 0
}

// authority is user@host:port,host:port; the authority ends early at a comma, after which more hosts may stand.
func (r *Rewriter) authority(start, end int) {
	line := r.line
	if i := bytes.LastIndexByte(line[start:end], '@'); i >= 0 {
		user := start + i
		if colon := bytes.IndexByte(line[start:user], ':'); colon >= 0 {
			user = start + colon
		}
		r.user(start, user, true)
		start += i + 1
	}
	for ; end < len(line) && line[end] == ',' && end+1 < len(line) &&
		isHostByte(line[end+1]); end++ { // more hosts of one cluster
		next := end + 1
		for next < len(line) && (isHostByte(line[next]) || line[next] == ':') {
			next++
		}
		r.hostPort(end+1, next)
		end = next - 1
	}
	for at := start; at < end; {
		next := at
		for next < end && line[next] != ',' {
			next++
		}
		r.hostPort(at, next)
		at = next + 1
	}
}

// hostPort is host, host:port, or an address, which is found by itself.
func (r *Rewriter) hostPort(start, end int) {
	if start >= end || r.line[start] == '[' {
		return
	}
	stop := start
	for stop < end && isHostByte(r.line[stop]) {
		stop++
	}
	r.host(start, stop)
}

func isHostByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '.' }

// host replaces the name of a host that stands at its place.
func (r *Rewriter) host(start, end int) {
	for end > start && strings.IndexByte(".-", r.line[end-1]) >= 0 {
		end--
	}
	for start < end && strings.IndexByte(".-", r.line[start]) >= 0 {
		start++
	}
	if end-start < 1 {
		return
	}
	r.at(hostPlace, start, end)
}

// hostName replaces a name with dots, from start to end; 0: it is none.
func (r *Rewriter) hostName(start, end int) int {
	if publicHost(strings.ToLower(string(r.line[start:end]))) {
		return end
	}
	n := len(r.found)
	r.host(start, end)
	if len(r.found) == n {
		return 0
	}
	return end
}

// hostEnd is where a name with its domain ends, whose first label ends at end.
func (r *Rewriter) hostEnd(end int) int {
	line := r.line
	stop := end
	for stop+1 < len(line) && stop-end < longestHost && line[stop] == '.' && isWord(line[stop+1]) {
		stop++
		for stop < len(line) && (isWord(line[stop]) || line[stop] == '-') {
			stop++
		}
	}
	for stop > end && line[stop-1] == '-' {
		stop--
	}
	last := bytes.LastIndexByte(line[end:stop], '.')
	if last < 0 || !hostTop(string(line[end+last+1:stop])) {
		return end
	}
	return stop
}

// domainAt looks at a known domain: the labels before it are those of a host.
func (r *Rewriter) domainAt(start, end int) int {
	line := r.line
	from := start
	for from > 1 && start-from < longestHost && line[from-1] == '.' && (isWord(line[from-2]) || line[from-2] == '-') {
		last := from - 1
		from--
		for from > 0 && (isWord(line[from-1]) || line[from-1] == '-') {
			from--
		}
		if r.set.knows(strings.ToLower(string(line[from:last]))) {
			break
		}
	}
	if from > 0 && line[from-1] == '@' {
		return end // an e-mail
	}
	learn := r.learn
	r.learn = false // what stands before a domain may be no host
	defer func() { r.learn = learn }()
	return max(end, r.hostName(from, end))
}

// path is what follows the authority of a URL, or stands alone: titles, users and space keys in it, and the query.
func (r *Rewriter) path(start, end int) {
	line := r.line
	var before, earlier []byte
	for at := start; at < end; {
		switch line[at] {
		case '/', '\\':
			at++
			continue
		case '?', '#', ';':
			return // found by themselves
		}
		stop, escaped := at, false
		for stop < end && !segmentEnds[line[stop]] {
			escaped = escaped || line[stop] == '+' || line[stop] == '%'
			stop++
		}
		kind, placed := kindAfter(before)
		titled := equalFold(earlier, "display") || equalFold(earlier, "pages") && allDigits(before)
		if placed || titled || escaped || line[at] == '~' { // most parts are of the program
			r.segment(at, stop, kind, placed, titled, escaped)
		}
		before, earlier = line[at:stop], before
		at = stop
	}
}

// signs is a set of bytes.
type signs [256]bool

func signsOf(text string) (set signs) {
	for i := range len(text) {
		set[text[i]] = true
	}
	return set
}

var (
	segmentEnds = signsOf("/?#;\\")
	querySigns  = signsOf("._-[]%;$*")
)

// segmentsBefore are what the next part of a path is.
var segmentsBefore = map[string]Kind{"display": Space, "spaces": Space, "space": Space, "viewspace": Space,
	"users": User, "user": User, "~": User,
	"profile": User, "people": User, "projects": Space, "browse": Space}

// kindAfter is what the part of a path after this one is.
func kindAfter(segment []byte) (kind Kind, ok bool) {
	var word [16]byte
	if len(segment) > len(word) {
		return 0, false
	}
	for i, c := range segment {
		word[i] = lowered[c]
	}
	kind, ok = segmentsBefore[string(word[:len(segment)])]
	return kind, ok
}

// segment is one part of a path: of a kind by the part before it, at the place of a title, with escapes.
func (r *Rewriter) segment(start, end int, kind Kind, placed, titled, escaped bool) {
	text := string(r.line[start:end])
	if isPseudonym(strings.TrimPrefix(text, "~")) || strings.Contains(text, "[redacted") {
		return
	}
	switch {
	case text[0] == '~' && len(text) > 1:
		r.user(start+1, end, true)
	case placed && kind == User && !technical(text):
		r.user(start, end, true)
	case placed && kind == Space && strings.ToUpper(text) == text && strings.Trim(text, "0123456789") != "":
		if issue := strings.IndexByte(text, '-'); issue > 0 {
			end = start + issue
			text = text[:issue]
		}
		r.learnAs(Space, text)
		r.at(place(Space), start, end)
	case titled && !strings.HasSuffix(text, ".action") || escaped:
		r.at(place(Title), start, end)
	}
}

func (r *Rewriter) learnAs(kind Kind, name string) {
	if r.learn {
		r.set.learn(kind, name, false)
	}
}

// query replaces the values of name=value&name=value from start on; parameters: only the first, of a path.
func (r *Rewriter) query(start int, parameters bool) int {
	line := r.line
	at := start
	for at < len(line) {
		eq := at
		for eq < len(line) && eq-at < 64 && (isWord(line[eq]) || querySigns[line[eq]]) {
			eq++
		}
		if eq >= len(line) || line[eq] != '=' || eq == at {
			return at
		}
		end := eq + 1
		for end < len(line) && !endsURL(line[end]) && line[end] != '&' && line[end] != '#' && line[end] != '\\' &&
			!(parameters && strings.IndexByte(";/?", line[end]) >= 0) {
			end++
		}
		for end > eq+1 && strings.IndexByte(";.:", line[end-1]) >= 0 { // of the sentence around it
			end--
		}
		if parameters && !r.inPath(start-1) {
			return at // a=1;b=2: settings, no path
		}
		if end > eq+1 && !(end-eq <= 6 && allDigits(line[eq+1:end])) {
			r.at(queryPlace, eq+1, end)
		}
		if end >= len(line) || line[end] != '&' || parameters {
			return end
		}
		at = end + 1
	}
	return at
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// inPath reports whether what stands before at is a path, and no list of settings.
func (r *Rewriter) inPath(at int) bool {
	for at--; at >= 0 && !endsURL(r.line[at]) && r.line[at] != '=' && r.line[at] != ';'; at-- {
		if r.line[at] == '/' {
			return true
		}
	}
	return false
}

// keptValue reports whether the value of a query says nothing of anybody.
func keptValue(v string) bool {
	return v[0] == '$' || isPseudonym(v) || strings.HasPrefix(v, "[redacted") || len(v) <= 5 && strings.Trim(v,
		"0123456789") == "" ||
		v == "true" || v == "false" || strings.Trim(v, "*?") == ""
}

// mail looks at user@domain.
func (r *Rewriter) mail(at int) int {
	line := r.line
	start, end := at, at+1
	for start > 0 && (isWord(line[start-1]) || strings.IndexByte("._%+-", line[start-1]) >= 0) {
		start--
	}
	for end < len(line) && isHostByte(line[end]) {
		end++
	}
	for end > at+1 && strings.IndexByte(".-", line[end-1]) >= 0 {
		end--
	}
	for start < at && strings.IndexByte("._%+-", line[start]) >= 0 {
		start++
	}
	domain := strings.ToLower(string(line[at+1 : end]))
	dot := strings.LastIndexByte(domain, '.')
	switch {
	case domain == "" || start > 0 && line[start-1] == '/' && dot < 0:
		return at
	case start == at && at > 0 && line[at-1] == ':': // jdbc:oracle:thin:@host:1521
		r.host(at+1, end)
		return end
	case start == at || strings.HasSuffix(domain, invalid):
		return at
	case dot < 0:
		return r.userAtHost(start, at, end)
	case !isTop(domain[dot+1:]) || hasNumber(domain):
		return at
	}
	local := string(line[start:at])
	r.learnAs(User, local)
	r.learnAs(Domain, domain)
	if publicHost(domain) && keptUsers[strings.ToLower(local)] {
		return end
	}
	r.add(start, end, Mail, r.pseudonym(User, local)+"@"+r.pseudonym(Domain, domain))
	return end
}

// hasNumber reports whether a label is a number, as in versions.
func hasNumber(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if strings.Trim(label, "0123456789") == "" {
			return true
		}
	}
	return false
}

// userAtHost looks at user@host without a domain, which has other uses: Class@1a2b3c, module@17.
func (r *Rewriter) userAtHost(start, at, end int) int {
	line := r.line
	name := strings.ToLower(string(line[at+1 : end]))
	before := bytes.TrimRight(line[:start], " ")
	named := false
	for _, p := range []string{"ssh", "scp", "sftp", "rsync", "ssh:/", "//"} {
		named = named || bytes.HasSuffix(before, []byte(p))
	}
	if !named && !r.set.knows(name) {
		return at
	}
	r.user(start, at, true)
	r.host(at+1, end)
	return end
}
