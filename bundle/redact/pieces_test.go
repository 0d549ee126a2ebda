package redact

import (
	"bytes"
	"math/rand"
	"testing"
)

// pieces are what the matchers look at; put together at random they meet in ways that nobody writes.
var pieces = []string{
	"password=", "token=", "secret: ", "--password ", "\n", "\r\n", " ", "x", "hunter2x", "\"", "'", "\\", "{", "}", "[", "]", "<a password=\"", "<password>", "</password>", "/>", ">",
	"[redacted:password]", "[redacted:", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "MIIE", "://", "a:b@", "=", ":", ",", ";", "&", "  - ", "|", "#",
	"Cookie: a=b; ", "Authorization: Basic Ym9iOmh1bnRlcjI= ", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "${X:", "\x00", "kind: Secret", "data:", "value: ",
}

func TestPieces(t *testing.T) {
	r := rand.New(rand.NewSource(4711))
	for range 100 {
		var text []byte
		for n := r.Intn(60); n > 0; n-- {
			text = append(text, pieces[r.Intn(len(pieces))]...)
		}
		for kind := Text; kind <= Environ; kind++ {
			once := scrub(t, nil, kind, string(text))
			if twice := scrub(t, nil, kind, once); twice != once {
				t.Fatalf("%v: %q\nonce  %q\ntwice %q", kind, text, once, twice)
			}
			if hits, err := New(nil).Check(kind, bytes.NewReader([]byte(once))); err != nil || len(hits) > 0 {
				t.Fatalf("%v: leak check of %q: %v, %v", kind, once, hits, err)
			}
		}
		small := Scrubber{secrets: NewSecrets(), block: 256}
		if _, err := small.Bytes(Text, bytes.Repeat(text, 5)); err != nil {
			t.Fatal(err)
		}
	}
}
