package redact

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

// A configuration that names as a password what evidence is full of does not empty the evidence.
func TestCommonValuesStay(t *testing.T) {
	for _, word := range []string{"GET", "INFO", "java", "8080", "admin", "http-nio-8090-exec", "http-nio-8090", "RUNNABLE", "Eden", "regions",
		"org.apache.catalina", "ApplicationFilterChain", "internalDoFilter", "TIMED_WAITING", "wiki.example.com", "expand=body.storage", "rest/api/content", "Mozilla"} {
		s := NewSecrets()
		s.LearnText(Properties, []byte("db.password="+word+"\n"))
		for name, text := range map[string][]byte{"dump": threadDump(1 << 18), "gclog": gcLog(1 << 18), "access": accessLog(1 << 18), "applog": appLog(1 << 18)} {
			out, err := New(s).Bytes(Text, text)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(out, []byte(markerStart)); n > oftenShort {
				t.Errorf("%s as a password empties %s: %d places", word, name, n)
			}
		}
		if s.Common()+s.Count() != 1 {
			t.Errorf("%s: %d common values, %d known ones: one of them is to be told", word, s.Common(), s.Count())
		}
		if out := scrub(t, s, Properties, "db.password="+word+"\n"); len(word) > 4 && strings.Contains(out, word) {
			t.Errorf("%s stays behind its key", word)
		}
	}
}

// A secret that is none of these words is gone, however often it occurs.
func TestFrequentSecretsGo(t *testing.T) {
	const secret = "Zq7rT2mK9vXw"
	s := NewSecrets()
	s.Learn(secret)
	text := bytes.ReplaceAll(appLog(1<<18), []byte("Flushed"), []byte(secret))
	out, err := New(s).Bytes(Text, text)
	if err != nil || bytes.Contains(out, []byte(secret)) || s.Common() > 0 {
		t.Errorf("%v, %d common", err, s.Common())
	}
}

// encodings are those in which a known value must be found, besides its own.
var encodings = map[string]func(string) string{
	"base64": func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
	"inside base64": func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte("a longer text with " + v + " in it"))
	},
	"Base32":          func(v string) string { return base32.StdEncoding.EncodeToString([]byte(v)) },
	"inside Base32":   func(v string) string { return base32.StdEncoding.EncodeToString([]byte("login=" + v + ";x")) },
	"base32 in small": func(v string) string { return strings.ToLower(base32.StdEncoding.EncodeToString([]byte(v))) },
	"base64 twice": func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(v))))
	},
	"base64 twice of a longer text": func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte("x=" + base64.StdEncoding.EncodeToString([]byte("bob:"+v+"\n"))))
	},
	"bytes of Java":     func(v string) string { return "[" + strings.TrimSuffix(perByte(v, "%d, "), ", ") + "]" },
	"bytes of Go":       func(v string) string { return fmt.Sprintf("%d", []byte(v)) },
	"spaced out":        func(v string) string { return strings.Join(strings.Split(v, ""), " ") },
	"backwards":         func(v string) string { return backwards(v) },
	"hex":               func(v string) string { return hex.EncodeToString([]byte(v)) },
	"HEX":               func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) },
	"url":               func(v string) string { return perByte(v, "%%%02X") },
	"url in small":      func(v string) string { return perByte(v, "%%%02x") },
	"other case":        swapCase,
	"capitals":          strings.ToUpper,
	"property escapes":  func(v string) string { return perByte(v, `\u%04x`) },
	"property ESCAPES":  func(v string) string { return perByte(v, `\u%04X`) },
	"numbers of XML":    func(v string) string { return perByte(v, "&#%d;") },
	"hex of XML":        func(v string) string { return perByte(v, "&#x%x;") },
	"HEX of XML":        func(v string) string { return perByte(v, "&#x%X;") },
	"UTF-16LE":          func(v string) string { return utf16Bytes(v, false) },
	"UTF-16BE":          func(v string) string { return utf16Bytes(v, true) },
	"UTF-32LE":          func(v string) string { return perByte(v, "%c\x00\x00\x00") },
	"UTF-32BE":          func(v string) string { return perByte(v, "\x00\x00\x00%c") },
	"zero-width blanks": func(v string) string { return v[:4] + "\u200b" + v[4:] },
	"full-width":        func(v string) string { return perRune(v, func(r rune) rune { return r - '!' + 0xff01 }) },
	"colours":           func(v string) string { return v[:4] + "\x1b[31m" + v[4:] },
}

func perByte(v, format string) string {
	var b strings.Builder
	for i := range len(v) {
		fmt.Fprintf(&b, format, v[i])
	}
	return b.String()
}

func perRune(v string, f func(rune) rune) string { return strings.Map(f, v) }

func utf16Bytes(v string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(v)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func TestEncodings(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for name, encode := range encodings {
		for range 20 {
			secret := canary(r)
			s := NewSecrets()
			s.Learn(secret)
			form := encode(secret)
			kinds := []Kind{Text, Binary, JSON, XML, YAML, Properties, Environ}
			switch {
			case strings.HasPrefix(name, "UTF-"):
				kinds = []Kind{Binary}
			case name == "zero-width blanks" || name == "full-width" || name == "colours":
				kinds = []Kind{Text}
			}
			for _, kind := range kinds {
				out := scrub(t, s, kind, "x "+form+" y\n")
				if strings.Contains(out, form) {
					t.Errorf("%v: %s of %s is left: %q", kind, name, secret, out)
				}
			}
		}
	}
}

// A log in UTF-32 is scrubbed, by rule and by value.
func TestUTF32(t *testing.T) {
	const text = "one line\nx password=Zq7rT2mK9vXw y\nand K8nT3pQw7zRb too\nthen Zq7rT2mK9vXw.\nlast\n"
	for name, encode := range map[string]func(string) string{"LE": encodings["UTF-32LE"], "BE": encodings["UTF-32BE"],
		"LE marked": func(v string) string { return "\xff\xfe\x00\x00" + encodings["UTF-32LE"](v) },
		"BE marked": func(v string) string { return "\x00\x00\xfe\xff" + encodings["UTF-32BE"](v) }} {
		s := NewSecrets()
		s.Learn("K8nT3pQw7zRb")
		out := strings.ReplaceAll(scrub(t, s, Text, encode(text)), "\x00", "")
		if strings.Contains(out, "Zq7rT2mK9vXw") || strings.Contains(out, "K8nT3pQw7zRb") || !strings.Contains(out, "one line") {
			t.Errorf("%s: %q", name, out)
		}
	}
}
