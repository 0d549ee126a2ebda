package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pprof "github.com/google/pprof/profile"
)

// pushed is what a server got with one request.
type pushed struct {
	name, tenant, auth string
	profile            *pprof.Profile
}

// pyroscopeServer answers like one, and keeps what it gets.
type pyroscopeServer struct {
	mu     sync.Mutex
	got    []pushed
	errs   []error
	status int
}

func (s *pyroscopeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := pushed{name: r.URL.Query().Get("name"), tenant: r.Header.Get("X-Scope-OrgID"), auth: r.Header.Get("Authorization")}
	var err error
	if r.URL.Path != "/base/ingest" || r.Method != http.MethodPost {
		err = fmt.Errorf("%s %s", r.Method, r.URL.Path)
	}
	if part, _, e := r.FormFile("profile"); e != nil {
		err = errors.Join(err, e)
	} else {
		p.profile, e = pprof.Parse(part)
		err = errors.Join(err, e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, p)
	if err != nil {
		s.errs = append(s.errs, err)
	}
	if s.status != 0 {
		http.Error(w, "no such key", s.status)
	}
}

func TestPush(t *testing.T) {
	if testing.Short() {
		t.Skip("profiles for seconds")
	}
	service, _ := goService(t, "hot")
	server := &pyroscopeServer{}
	at := httptest.NewServer(server)
	defer at.Close()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("s3cr3t-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "cpu.html")
	profileCPU := func(code int, args ...string) (result, string) {
		t.Helper()
		os.Remove(kept)
		r, said := profileOf(t, code, append([]string{"--go", service, "--duration", "1s", "--out", kept, "--node-name", "n1"}, args...)...)
		if _, err := os.Stat(kept); err != nil && code != exitUsage {
			t.Errorf("the profile is not kept: %v", err)
		}
		return r, said
	}

	r, _ := profileCPU(0, "--push", at.URL+"/base", "--push-tenant", "team-a", "--push-token-file", token)
	if !r.Pushed || len(server.errs) > 0 || len(server.got) != 1 {
		t.Fatalf("pushed %v, the server got %d, %v", r.Pushed, len(server.got), server.errs)
	}
	got := server.got[0]
	if got.tenant != "team-a" || got.auth != "Bearer s3cr3t-token" || !strings.Contains(got.name, "{node=n1,process=") {
		t.Errorf("tenant %q, authorization %q, name %q", got.tenant, got.auth, got.name)
	}
	found := false
	for _, s := range got.profile.Sample {
		for _, l := range s.Location {
			for _, line := range l.Line {
				found = found || strings.HasSuffix(line.Function.Name, "service.hash")
			}
		}
		if n := s.Label["node"]; len(n) != 1 || n[0] != "n1" {
			t.Fatalf("labels %v", s.Label)
		}
	}
	if !found {
		t.Error("the function that burns the CPU is not in what the server got")
	}

	t.Run("password", func(t *testing.T) {
		t.Setenv("CASEFILE_PUSH_PASSWORD", "hunter22")
		profileCPU(0, "--push", at.URL+"/base", "--push-user", "ann")
		if auth := server.got[len(server.got)-1].auth; !strings.HasPrefix(auth, "Basic ") {
			t.Errorf("authorization %q", auth)
		}
	})
	t.Run("refused", func(t *testing.T) {
		server.status = http.StatusUnauthorized
		r, said := profileCPU(exitGaps, "--push", at.URL+"/base")
		if r.Pushed || !strings.Contains(said, "401") || !strings.Contains(said, "token or password") || !strings.Contains(said, "kept") {
			t.Errorf("pushed %v: %s", r.Pushed, said)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		if _, said := profileCPU(exitGaps, "--push", gone.URL); !strings.Contains(said, "refused") {
			t.Error(said)
		}
	})
	t.Run("slow", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-ctx.Done()
		}))
		defer slow.Close()
		defer cancel()
		if _, said := profileCPU(exitGaps, "--push", slow.URL, "--push-timeout", "300ms"); !strings.Contains(said, "no answer within 300ms") {
			t.Error(said)
		}
	})
	for name, url := range map[string]string{"scheme": "ftp://x", "no host": "http://", "password": "http://ann:hunter22@" + strings.TrimPrefix(at.URL, "http://"),
		"query": at.URL + "?token=x", "none": "::"} {
		t.Run("bad URL, "+name, func(t *testing.T) {
			if _, said := profileCPU(exitUsage, "--push", url); !strings.Contains(said, "--push") || strings.Contains(said, "hunter22") {
				t.Error(said)
			}
		})
	}
}

// An agent sends profiles of itself, and tells when they do not arrive.
func TestAgentPushesItself(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for an upload")
	}
	got := make(chan pushed, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := pushed{name: r.URL.Query().Get("name"), auth: r.Header.Get("Authorization")}
		if part, _, err := r.FormFile("profile"); err == nil {
			p.profile, _ = pprof.Parse(part)
		}
		got <- p
	}))
	defer server.Close()
	var log bytes.Buffer
	o := pushOptions{url: server.URL, within: time.Minute}
	t.Setenv(pushTokenEnv, "agent-token")
	ctx, cancel := context.WithCancel(t.Context())
	stop, err := o.pushSelf(ctx, "n1", time.Second, &log)
	if err != nil {
		t.Fatal(err)
	}
	p := <-got
	cancel()
	stop()
	if !strings.HasPrefix(p.name, "casefile.agent") || !strings.Contains(p.name, "node=n1") || p.auth != "Bearer agent-token" || p.profile == nil {
		t.Errorf("the server got %+v", p)
	}
	if log.Len() > 0 {
		t.Error(log.String())
	}
}
