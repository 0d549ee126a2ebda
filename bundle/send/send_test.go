package send

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// store is a WebDAV server that takes Content-Range, and a plain one for PUT and POST.
type store struct {
	mu    sync.Mutex
	files map[string][]byte
	token string
	most  int64 // bytes; 0: no limit
	// cutAt ends the connection after so many bytes, once.
	cutAt int64
	// change damages what arrives.
	change    bool
	noRanges  bool
	bodyBytes int64 // received
	requests  []string
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	name := r.URL.Path
	switch {
	case s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodHead:
		b, there := s.files[name]
		if !there {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	case r.Method == "MOVE":
		to := r.Header.Get("Destination")
		s.files[to[strings.Index(to, "/up/"):]] = s.files[name]
		delete(s.files, name)
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete:
		delete(s.files, name)
	default:
		s.take(w, r, name)
	}
}

func (s *store) take(w http.ResponseWriter, r *http.Request, name string) {
	old := []byte{}
	if at := r.Header.Get("Content-Range"); at != "" {
		var from, to, size int64
		if _, err := fmt.Sscanf(at, "bytes %d-%d/%d", &from, &to, &size); err != nil || s.noRanges || from != int64(len(s.files[name])) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		old = s.files[name]
	}
	if s.most > 0 && r.ContentLength > s.most {
		w.WriteHeader(http.StatusInsufficientStorage)
		return
	}
	body := io.Reader(r.Body)
	cut := s.cutAt > 0
	if cut {
		body = io.LimitReader(r.Body, s.cutAt)
		s.cutAt = 0
	}
	b, _ := io.ReadAll(body)
	s.bodyBytes += int64(len(b))
	s.files[name] = append(old, b...)
	if cut {
		panic(http.ErrAbortHandler)
	}
	if s.change {
		s.files[name] = s.files[name][:len(s.files[name])-1]
	}
	sum := sha256.Sum256(s.files[name])
	if want := r.Header.Get("Content-Digest"); want != "" && want != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" && !strings.HasSuffix(name, ".part") {
		delete(s.files, name)
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func serve(t *testing.T, s *store) string {
	t.Helper()
	s.files = map[string][]byte{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func content(t *testing.T, size int) (file string, b []byte) {
	t.Helper()
	b = make([]byte, size)
	rand.NewChaCha8([32]byte{7}).Read(b)
	file = filepath.Join(t.TempDir(), "b.tar.zst")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, b
}

func to(t *testing.T, url string, c Credentials) Target {
	t.Helper()
	target, err := Parse(url, c)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func ignore(int64) {}

func TestWebDAVGoesOnWhereItEnded(t *testing.T) {
	for name, s := range map[string]*store{"ranges": {cutAt: 700 << 10}, "no ranges": {cutAt: 700 << 10, noRanges: true}} {
		host := serve(t, s)
		s.token = "the-token"
		file, b := content(t, 1<<20)
		if err := Send(context.Background(), to(t, "webdav://"+host+"/up/", Credentials{Token: "the-token"}), file, ignore); err != nil {
			t.Fatal(name, err)
		}
		if got := s.files["/up/b.tar.zst"]; !bytes.Equal(got, b) || len(s.files) != 1 {
			t.Errorf("%s: %d bytes, %d files: %q", name, len(got), len(s.files), s.requests)
		}
		if twice := s.bodyBytes > 1<<20; twice != s.noRanges {
			t.Errorf("%s: %d bytes were sent", name, s.bodyBytes)
		}
	}
}

func TestPutAndPost(t *testing.T) {
	s := &store{cutAt: 100 << 10}
	host := serve(t, s)
	file, b := content(t, 300<<10)
	for _, url := range []string{"http://" + host + "/up/exact?sig=x", "http://" + host + "/up/folder/", "post+http://" + host + "/up/post"} {
		var last int64
		if err := Send(context.Background(), to(t, url, Credentials{}), file, func(n int64) { last = n }); err != nil {
			t.Fatal(err)
		}
		if last != int64(len(b)) {
			t.Errorf("%s: progress ends at %d", url, last)
		}
	}
	for _, name := range []string{"/up/exact", "/up/folder/b.tar.zst", "/up/post"} {
		if !bytes.Equal(s.files[name], b) {
			t.Errorf("%s: %d bytes", name, len(s.files[name]))
		}
	}
}

func TestFailuresAreToldAndNameNoSecret(t *testing.T) {
	const secret = "VerySecretValue"
	file, _ := content(t, 1000)
	for name, c := range map[string]struct {
		s    *store
		want error
	}{
		"refused login":  {&store{token: "another"}, ErrRefused},
		"full target":    {&store{most: 10}, ErrFull},
		"wrong checksum": {&store{change: true}, ErrChecksum},
	} {
		host := serve(t, c.s)
		for _, url := range []string{"http://" + host + "/up/x?sig=" + secret, "webdav://" + host + "/up/?sig=" + secret} {
			ctx, cancel := context.WithCancel(context.Background())
			err := to(t, url, Credentials{Token: secret}).Put(ctx, fileOf(t, file), ignore)
			cancel()
			if !errors.Is(err, c.want) || strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("%s: %s: %v", name, url, err)
			}
			if len(c.s.files) > 0 {
				t.Errorf("%s: %d files stay", name, len(c.s.files))
			}
		}
	}
	server := httptest.NewServer(http.NotFoundHandler())
	host := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	err := to(t, "http://"+host+"/x?sig="+secret, Credentials{Token: secret}).Put(context.Background(), fileOf(t, file), ignore)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Error(err)
	}
}

func fileOf(t *testing.T, name string) *File {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return &File{ReaderAt: bytes.NewReader(b), Name: filepath.Base(name), Size: int64(len(b))}
}

func TestTargetsThatAreNone(t *testing.T) {
	loose := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(loose, []byte("https://h/x?sig=1"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"", "x", "ftp://h/x", "https://u:password@h/x", "http://example.com/x", "webdav://example.com/", "s3://b/?endpoint=http://example.com", "@" + loose, "@/none"} {
		if target, err := Parse(url, Credentials{}); err == nil {
			t.Errorf("%q is taken: %v", url, target)
		} else if strings.Contains(err.Error(), "password@") {
			t.Error(err)
		}
	}
}

func TestCredentialsOfAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c")
	write := func(text string, mode os.FileMode) {
		os.Remove(file)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("# support\nuser: bob\npassword: a:b c\n", 0o600)
	if c, err := ReadCredentials(file, os.Getenv); err != nil || c != (Credentials{User: "bob", Password: "a:b c"}) {
		t.Error(c, err)
	}
	for _, bad := range []struct {
		text string
		mode os.FileMode
	}{{"token: x\n", 0o644}, {"tokn: x\n", 0o600}, {"", 0o600}} {
		write(bad.text, bad.mode)
		if _, err := ReadCredentials(file, os.Getenv); err == nil {
			t.Errorf("%q %v is taken", bad.text, bad.mode)
		}
	}
}
