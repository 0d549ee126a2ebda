// Package send delivers files: to S3, by SFTP, by HTTPS PUT or POST, to WebDAV. What was interrupted in its middle
// goes on from there where the other side can tell what it has. Credentials come from the environment or from files, and
// stand in no error.
package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Kinds of failures. What is none of them may go better another time.
var (
	ErrRefused  = errors.New("refused: the credentials are wrong, or may not write there")
	ErrFull     = errors.New("the target is full, or the file is larger than it takes")
	ErrChecksum = errors.New("what arrived is not what was sent")
	ErrNowhere  = errors.New("there is no such place")
)

// final reports whether trying again is of no use.
func final(err error) bool {
	for _, kind := range []error{ErrRefused, ErrFull, ErrNowhere, context.Canceled} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Target is where files are sent to.
type Target interface {
	// Put sends a file under its name, from where an earlier Put ended if that can be known. sent is told how many
	// bytes are there, and may be told a smaller number when it begins anew.
	Put(ctx context.Context, f *File, sent func(int64)) error
	// String is the target without its secrets.
	String() string
}

// File is what is sent. It is read from any place in it.
type File struct {
	io.ReaderAt
	Name string
	Size int64
}

func (f *File) from(at int64) *io.SectionReader {
	return io.NewSectionReader(f.ReaderAt, at, f.Size-at)
}

// Parse finds the target that a URL names, or that stands in a file: @FILE, for URLs that are secrets themselves.
func Parse(text string, c Credentials) (Target, error) {
	if name, is := strings.CutPrefix(text, "@"); is {
		b, err := readSecret(name)
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(string(b))
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("no URL: want s3://BUCKET/, sftp://HOST/, https://HOST/, post+https://HOST/, webdavs://HOST/ or @FILE with one of them")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("a password has no place in a URL: see --upload-credentials")
	}
	switch u.Scheme {
	case "s3":
		return newS3(u)
	case "sftp":
		return &sftpTarget{u: u}, nil
	case "https", "http", "post+https", "post+http":
		return newHTTP(u, c)
	case "webdav", "webdavs":
		return newDAV(u, c)
	}
	return nil, fmt.Errorf("%s:// is not known: want s3, sftp, https, post+https or webdavs", u.Scheme)
}

const (
	attempts = 6
	// firstWait is before the second attempt; it doubles with each.
	firstWait = 500 * time.Millisecond
)

// Send opens a file and sends it, and tries again where that may help.
func Send(ctx context.Context, t Target, name string, sent func(int64)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s: not a file", name)
	}
	file := &File{ReaderAt: f, Name: filepath.Base(name), Size: st.Size()}
	wait := firstWait
	for i := 1; ; i++ {
		if err = put(ctx, t, file, sent); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("send %s to %s: %w", name, t, ctx.Err())
		}
		if i == attempts || final(err) {
			return fmt.Errorf("send %s to %s: %w", name, t, err)
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
		}
	}
}

// stall is how long nothing may arrive, the last answer included.
const stall = 10 * time.Minute

var errStall = fmt.Errorf("nothing arrived for %v", stall)

// put is one attempt, which ends when nothing arrives any more.
func put(ctx context.Context, t Target, f *File, sent func(int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall, func() { cancel(errStall) })
	defer watch.Stop()
	err := t.Put(ctx, f, func(n int64) {
		watch.Reset(stall)
		sent(n)
	})
	if err != nil && errors.Is(context.Cause(ctx), errStall) {
		return errStall
	}
	return err
}

// counting tells how far a reader was read.
type counting struct {
	io.Reader
	n    int64
	sent func(int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	c.sent(c.n)
	return n, err
}

// shown is a URL without user, query and fragment, which may be secrets.
func shown(u *url.URL) string { return u.Scheme + "://" + u.Host + u.Path }
