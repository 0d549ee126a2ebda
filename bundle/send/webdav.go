package send

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// dav is a folder of a WebDAV server. A file arrives as NAME.part and is moved to its name when it is whole. One that
// was interrupted goes on with a Content-Range, as Apache's mod_dav takes it; where a server does not, it begins anew.
type dav struct {
	u      *url.URL
	c      Credentials
	client *http.Client
}

func newDAV(u *url.URL, c Credentials) (Target, error) {
	to := *u
	to.Scheme = map[string]string{"webdav": "http", "webdavs": "https"}[u.Scheme]
	return &dav{u: &to, c: c, client: newClient()}, private(&to)
}

// String is the URL without its query.
func (d *dav) String() string { return shown(d.u) }

func (d *dav) do(ctx context.Context, method, name string, header http.Header) (http.Header, error) {
	return do(ctx, d.client, d.c, method, d.u.JoinPath(name).String(), header, nil, 0)
}

// size is that of a file there; 0: there is none.
func (d *dav) size(ctx context.Context, name string) int64 {
	h, err := d.do(ctx, http.MethodHead, name, nil)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	return n
}

// Put sends what is missing, and gives the file its name.
func (d *dav) Put(ctx context.Context, f *File, sent func(int64)) error {
	sum, err := digest(f)
	if err != nil {
		return err
	}
	part := f.Name + "." + partMark(sum) + ".part" // of this content
	at := d.size(ctx, part)
	if at > 0 && at < f.Size {
		at = d.resume(ctx, f, part, at, sent)
	}
	if at != f.Size {
		body := &counting{Reader: f.from(0), sent: sent}
		if _, err := do(ctx, d.client, d.c, http.MethodPut, d.u.JoinPath(part).String(), http.Header{"Content-Digest": {sum}}, body, f.Size); err != nil {
			return err
		}
		if at = d.size(ctx, part); at != f.Size {
			_, _ = d.do(ctx, http.MethodDelete, part, nil)
			return fmt.Errorf("%d bytes are there, %d were sent: %w", at, f.Size, ErrChecksum)
		}
	}
	_, err = d.do(ctx, "MOVE", part, http.Header{"Destination": {d.u.JoinPath(f.Name).String()}, "Overwrite": {"T"}})
	return err
}

// resume sends from an offset on, and returns how much is there then.
func (d *dav) resume(ctx context.Context, f *File, part string, at int64, sent func(int64)) int64 {
	header := http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", at, f.Size-1, f.Size)}}
	body := &counting{Reader: f.from(at), n: at, sent: sent}
	if _, err := do(ctx, d.client, d.c, http.MethodPut, d.u.JoinPath(part).String(), header, body, f.Size-at); err != nil {
		return 0
	}
	return d.size(ctx, part)
}

// partMark is the beginning of a digest, in letters that a name may have.
func partMark(digest string) string {
	return strings.NewReplacer("/", "_", "+", "-").Replace(strings.TrimPrefix(digest, "sha-256=:"))[:12]
}
