package send

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// httpTarget is a URL that takes a file as the body of a PUT or POST: a presigned one, or one with a token. There is no
// way to ask how much of it arrived, so what was interrupted begins anew.
type httpTarget struct {
	u      *url.URL
	method string
	c      Credentials
	client *http.Client
}

// responseWait bounds how long an answer is waited for once all was sent.
const responseWait = 5 * time.Minute

func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = responseWait
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func newHTTP(u *url.URL, c Credentials) (Target, error) {
	t := &httpTarget{u: new(url.URL), method: http.MethodPut, c: c, client: newClient()}
	*t.u = *u
	if rest, post := strings.CutPrefix(u.Scheme, "post+"); post {
		t.u.Scheme, t.method = rest, http.MethodPost
	}
	return t, private(t.u)
}

// private refuses a way on which others read along.
func private(u *url.URL) error {
	if u.Scheme == "https" {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		return nil
	}
	return errors.New("http:// sends bundle and credentials in clear: use https://")
}

// String is the URL without its query.
func (t *httpTarget) String() string { return shown(t.u) }

// Put sends the file as one body. A URL that ends in / is a folder.
func (t *httpTarget) Put(ctx context.Context, f *File, sent func(int64)) error {
	sum, err := digest(f)
	if err != nil {
		return err
	}
	u := *t.u
	if strings.HasSuffix(u.Path, "/") {
		u = *u.JoinPath(f.Name)
	}
	header := http.Header{"Content-Digest": {sum}, "Content-Type": {"application/octet-stream"}}
	if t.method == http.MethodPost {
		header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.Name))
	}
	_, err = do(ctx, t.client, t.c, t.method, u.String(), header, &counting{Reader: f.from(0), sent: sent}, f.Size)
	return err
}

// digest is that of RFC 9530, by which a server can refuse what was changed on its way.
func digest(f *File) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, f.from(0)); err != nil {
		return "", err
	}
	return "sha-256=:" + base64.StdEncoding.EncodeToString(h.Sum(nil)) + ":", nil
}

// do makes one request. Its errors have no URL in them.
func do(ctx context.Context, client *http.Client, c Credentials, method, to string, header http.Header, body io.Reader, size int64) (http.Header, error) {
	if body != nil {
		body = io.NopCloser(body) // no retry of its own from another place
	}
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, errors.New("not a URL that can be sent to")
	}
	if body != nil {
		req.ContentLength = size
		if size == 0 {
			req.Body = http.NoBody
		}
	}
	for k, v := range header {
		req.Header[k] = v
	}
	switch {
	case c.Token != "":
		req.Header.Set("Authorization", "Bearer "+c.Token)
	case c.User != "":
		req.SetBasicAuth(c.User, c.Password)
	}
	res, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.Header, statusError(res.StatusCode)
}

// statusError says what an answer means.
func statusError(code int) error {
	kind := map[int]error{
		http.StatusUnauthorized: ErrRefused, http.StatusForbidden: ErrRefused, http.StatusProxyAuthRequired: ErrRefused,
		http.StatusNotFound: ErrNowhere, http.StatusGone: ErrNowhere, http.StatusConflict: ErrNowhere, http.StatusMethodNotAllowed: ErrNowhere,
		http.StatusRequestEntityTooLarge: ErrFull, http.StatusInsufficientStorage: ErrFull,
		http.StatusUnprocessableEntity: ErrChecksum,
	}[code]
	switch {
	case code >= 200 && code < 300:
		return nil
	case kind != nil:
		return fmt.Errorf("HTTP %d: %w", code, kind)
	case code >= 300 && code < 400:
		return fmt.Errorf("HTTP %d, to another place, where neither bundle nor credentials go by themselves: %w", code, ErrNowhere)
	}
	return fmt.Errorf("HTTP %d %s", code, http.StatusText(code))
}
