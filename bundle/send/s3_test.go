package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minio/minio-go/v7"
)

// gateway is a real S3 server over a folder: make s3test builds it, once, below the user's cache.
const gateway = "github.com/versity/versitygw/cmd/versitygw"

func startS3(t *testing.T) (endpoint, folder string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts an S3 server")
	}
	program := os.Getenv("CASEFILE_TEST_VERSITYGW")
	if program == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip(err)
		}
		if program = filepath.Join(cache, "casefile-test-tools", "versitygw"); !there(program) {
			t.Skipf("%s is not here: make s3test builds it, which takes minutes", gateway)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	folder = t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--port", addr, "--access", "the-access", "--secret", "the-secret-key", "posix", folder)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for { // it has no other sign
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return "http://" + addr, folder
		}
		select {
		case <-ended:
			t.Skipf("%s does not start: %s", gateway, said.String())
		default:
		}
	}
}

func there(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// between is a proxy that may cut or change what is put.
type between struct {
	*httptest.Server
	puts   atomic.Int32
	cutAt  int32 // the number of the PUT of a part that is cut
	change atomic.Bool
}

func proxy(t *testing.T, endpoint string) *between {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	b := &between{}
	rp := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = r.In.Host
		if b.change.Load() && r.In.Method == http.MethodPut {
			r.Out.Body = io.NopCloser(changing{r.In.Body})
		}
	}}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.URL.Query().Has("partNumber") && b.puts.Add(1) == b.cutAt {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			panic(http.ErrAbortHandler)
		}
		rp.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

type changing struct{ r io.Reader }

func (c changing) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		p[n/2] ^= 1
	}
	return n, err
}

func TestS3(t *testing.T) {
	endpoint, folder := startS3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "the-access")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the-secret-key")
	ctx := context.Background()
	at := func(host string) Target { return to(t, "s3://bucket/tickets/?endpoint="+host, Credentials{}) }
	holds := func(want []byte) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(folder, "bucket", "tickets", "b.tar.zst"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes are there, %d were sent; %v", len(got), len(want), err)
		}
	}
	file, small := content(t, 1<<20)
	if err := Send(ctx, at(endpoint), file, ignore); err != nil {
		t.Fatal(err)
	}
	holds(small)

	// cut in the middle, by the link and then by the user; sent again from there
	file, large := content(t, 3*s3Part+12345)
	p := proxy(t, endpoint)
	p.cutAt = 3
	stopped, stop := context.WithCancel(ctx)
	if err := at(p.URL).Put(stopped, fileOf(t, file), ignore); err == nil {
		t.Error("it was cut, and is told as sent")
	}
	stop()
	before := p.puts.Load()
	if err := Send(ctx, at(p.URL), file, ignore); err != nil {
		t.Fatal(err)
	}
	holds(large)
	if again := p.puts.Load() - before; again != 2 {
		t.Errorf("%d parts were sent after 2 of 4 were there", again)
	}

	p.change.Store(true)
	file, _ = content(t, 1<<20)
	if err := at(p.URL).Put(ctx, fileOf(t, file), ignore); !errors.Is(err, ErrChecksum) && !errors.Is(err, ErrRefused) {
		t.Errorf("changed on its way: %v", err)
	}
	if err := to(t, "s3://nobucket/?endpoint="+endpoint, Credentials{}).Put(ctx, fileOf(t, file), ignore); !errors.Is(err, ErrNowhere) {
		t.Errorf("no bucket: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another-secret-key")
	if err := at(endpoint).Put(ctx, fileOf(t, file), ignore); !errors.Is(err, ErrRefused) || strings.Contains(fmt.Sprint(err), "another-secret") {
		t.Errorf("wrong key: %v", err)
	}
}

func TestS3Errors(t *testing.T) {
	for code, want := range map[string]error{"QuotaExceeded": ErrFull, "XMinioStorageFull": ErrFull, "BadDigest": ErrChecksum, "AccessDenied": ErrRefused, "NoSuchBucket": ErrNowhere} {
		if err := s3Error(minio.ErrorResponse{Code: code}); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
}
