package timing

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"casefile/bundle/format/timing"
)

// directory is a server that answers with some bytes after it has had the whole search; with one byte it hangs up.
func directory(t *testing.T, config *tls.Config, answer []byte) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(patient))
				got := make([]byte, len(rootSearch))
				if _, err := io.ReadFull(c, got); err == nil && bytes.Equal(got, rootSearch) {
					c.Write(answer)
					if len(answer) > 1 {
						io.Copy(io.Discard, c)
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestDirectoryProbe(t *testing.T) {
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	certificate := &tls.Config{Certificates: web.TLS.Certificates}
	web.Close()
	entry := []byte{0x30, 0x09, 0x02, 0x01, 0x01, 0x64, 0x04, 0x04, 0x00, 0x30, 0x00}
	refusal := []byte{0x30, 0x84, 0, 0, 0, 0x0c, 0x02, 0x01, 0x01, 0x65, 0x07, 0x0a, 0x01, 0x01, 0x04, 0x00, 0x04, 0x00} // as Active Directory writes lengths
	for _, x := range []struct {
		name, url, want string // an error, or ""
	}{
		{"entry", "ldap://" + directory(t, nil, entry), ""},
		{"refusal", "ldap://" + directory(t, nil, refusal), ""},
		{"tls", "ldaps://" + directory(t, certificate, entry), ""},
		{"no tls", "ldaps://" + directory(t, nil, entry), "search: "},
		{"hangs up", "ldap://" + directory(t, nil, []byte{0x30}), "search: "},
		{"of another protocol", "ldap://" + directory(t, nil, []byte("HTTP/1.1 400 Bad Request\r\n")), "not LDAP"},
		{"a huge answer", "ldap://" + directory(t, nil, []byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02}), "not LDAP"},
		{"notice of disconnection", "ldap://" + directory(t, nil, []byte{0x30, 0x05, 0x02, 0x01, 0x00, 0x78, 0x00}), "hangs up"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			p := &directoryProbe{x.url, 10 * time.Second}
			out := p.run(t.Context(), time.Now().Add(patient))
			search := out.Step(timing.StepSearch)
			switch {
			case out.Tries != 1 || out.Step(timing.StepConnect) == nil || out.Limit == nil:
				t.Errorf("%+v", out)
			case x.want == "" && (out.Failures != 0 || search == nil || search.Count != 1):
				t.Errorf("%+v", out)
			case x.want != "" && (out.Failures != 1 || search != nil || len(out.Errors) != 1 || !strings.Contains(out.Errors[0], x.want)):
				t.Errorf("%+v", out)
			}
		})
	}
}

func FuzzReadLDAP(f *testing.F) {
	for _, seed := range []string{"3009020101640404003000", "30840000000c02010165070a010104000400", "3080", "30050201007800"} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := readLDAP(bytes.NewReader(b)); err == nil && (len(b) < 7 || b[0] != 0x30) {
			t.Errorf("%x taken for LDAP", b)
		}
	})
}
