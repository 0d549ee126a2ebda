package redact

import "bytes"

// environ scrubs /proc/PID/environ, the output of env, or /proc/PID/cmdline. A value goes from the
// first = to the separator, whatever is in it.
func (e *engine) environ(b []byte) []byte {
	separator := byte('\n')
	if bytes.IndexByte(b, 0) >= 0 {
		separator = 0
	}
	if separator == 0 {
		b = e.arguments(b)
	}
	var out []byte
	var pending *keyClass // of --password, whose value is the next item
	for at := 0; at < len(b); {
		end := len(b)
		if n := bytes.IndexByte(b[at:], separator); n >= 0 {
			end = at + n
		}
		item := b[at:end]
		var clean []byte
		switch eq := bytes.IndexByte(item, '='); {
		case pending != nil && !bytes.HasPrefix(item, []byte("-")):
			clean, _ = e.secretScalar(pending, item, at)
			pending = nil
		case eq > 0 && bytes.IndexByte(item[:eq], ' ') < 0:
			value, _ := e.member(item[:eq], item[eq+1:], at+eq+1)
			clean = append(append(clean, item[:eq+1]...), value...)
			if bytes.ContainsAny(item[:eq], ":/@") { // a URL, a list: what is before the = is no name
				clean, _ = e.scalar(clean, at)
			}
			pending = nil
		default:
			clean, _ = e.scalar(item, at)
			pending = optionClass(item)
		}
		out = append(out, clean...)
		if end < len(b) {
			out = append(out, separator)
		}
		at = end + 1
	}
	return e.textTwice(out, separator)
}

// textTwice looks once more at the whole of a newline-separated list, for what spans several lines.
func (e *engine) textTwice(b []byte, separator byte) []byte {
	if separator == 0 || e.quiet && !e.learn {
		return b
	}
	return e.textAll(b)
}

func optionClass(item []byte) *keyClass {
	if len(item) < 2 || item[0] != '-' || bytes.IndexByte(item, ' ') >= 0 {
		return nil
	}
	if c := classify(item); c != nil && c.strength != nameKey {
		return c
	}
	return nil
}

// arguments replaces what the words of a command line, separated by NUL, say only together.
func (e *engine) arguments(b []byte) []byte {
	var words []argument
	for at := 0; at < len(b); {
		end := len(b)
		if n := bytes.IndexByte(b[at:], 0); n >= 0 {
			end = at + n
		}
		words = append(words, argument{b[at:end], at})
		at = end + 1
	}
	var out []byte
	at := 0
	for _, s := range programArguments(words) {
		start, end := words[s.word].start+s.start, words[s.word].start+s.end
		if start < at || isMarked(b[start:end]) {
			continue
		}
		if e.learn {
			e.learnValue(string(b[start:end]), "program")
		}
		e.count("program", start)
		out = append(append(out, b[at:start]...), marker("program")...)
		at = end
	}
	return append(out, b[at:]...)
}
