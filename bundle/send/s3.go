package send

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the checksum of parts that every S3 server knows
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// s3 is a bucket, and what names begin with there. A large file is sent in parts, each with its checksums; of an upload
// that was interrupted the parts that are there are kept.
type s3 struct {
	core   *minio.Core
	bucket string
	prefix string
}

// s3Part is the size of parts; a server takes at most 10,000.
const (
	s3Part  = 16 << 20
	s3Parts = 10_000
)

// newS3 reads s3://BUCKET/PREFIX/?endpoint=https://HOST&region=REGION. Without endpoint that of the environment
// (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL), then Amazon. Credentials are those of the AWS tools.
func newS3(u *url.URL) (Target, error) {
	q := u.Query()
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	endpoint := first(q.Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), "https://s3.amazonaws.com")
	e, err := url.Parse(endpoint)
	if err != nil || e.Host == "" {
		return nil, errors.New("endpoint is no URL")
	}
	if err := private(e); err != nil {
		return nil, err
	}
	region := first(q.Get("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	core, err := minio.NewCore(e.Host, &minio.Options{
		Creds:  credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}),
		Secure: e.Scheme == "https", Region: region, MaxRetries: 1,
	})
	if err != nil {
		return nil, err
	}
	return &s3{core: core, bucket: u.Host, prefix: strings.TrimPrefix(u.Path, "/")}, nil
}

// String is bucket and prefix.
func (s *s3) String() string { return "s3://" + s.bucket + "/" + s.prefix }

// key is the name of the object: prefixes are taken as folders.
func (s *s3) key(f *File) string { return path.Join(s.prefix, f.Name) }

// Put sends the file, in parts where it is large.
func (s *s3) Put(ctx context.Context, f *File, sent func(int64)) error {
	var err error
	if f.Size <= s3Part {
		err = s.whole(ctx, f, sent)
	} else {
		err = s.parts(ctx, f, sent)
	}
	if err != nil {
		return s3Error(err)
	}
	st, err := s.core.StatObject(ctx, s.bucket, s.key(f), minio.StatObjectOptions{})
	if resp := minio.ToErrorResponse(err); err != nil && resp.StatusCode == http.StatusForbidden {
		return nil // one may write there and not look; the server compared the checksums
	}
	if err == nil && st.Size != f.Size {
		return fmt.Errorf("%d bytes are there, %d were sent: %w", st.Size, f.Size, ErrChecksum)
	}
	return s3Error(err)
}

func (s *s3) whole(ctx context.Context, f *File, sent func(int64)) error {
	p, err := read(f, 0, f.Size)
	if err != nil {
		return err
	}
	_, err = s.core.PutObject(ctx, s.bucket, s.key(f), bytes.NewReader(p.content), f.Size, p.md5, p.sha256, minio.PutObjectOptions{})
	if err == nil {
		sent(f.Size)
	}
	return err
}

// piece is a part in memory, with its checksums.
type piece struct {
	content           []byte
	md5, sha256, etag string
}

func read(f *File, at, size int64) (piece, error) {
	p := piece{content: make([]byte, size)}
	if _, err := io.ReadFull(io.NewSectionReader(f, at, size), p.content); err != nil {
		return p, err
	}
	m, h := md5.Sum(p.content), sha256.Sum256(p.content) //nolint:gosec // see above
	p.md5, p.etag, p.sha256 = base64.StdEncoding.EncodeToString(m[:]), hex.EncodeToString(m[:]), hex.EncodeToString(h[:])
	return p, nil
}

func (s *s3) parts(ctx context.Context, f *File, sent func(int64)) error {
	key := s.key(f)
	size := max(s3Part, (f.Size+s3Parts-1)/s3Parts)
	id, there, err := s.begun(ctx, key)
	if err != nil {
		return err
	}
	if id == "" {
		if id, err = s.core.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{}); err != nil {
			return err
		}
	}
	var done []minio.CompletePart
	for at, n := int64(0), 1; at < f.Size; at, n = at+size, n+1 {
		p, err := read(f, at, min(size, f.Size-at))
		if err != nil {
			return err
		}
		etag := p.etag
		if there[n] != p.etag {
			part, err := s.core.PutObjectPart(ctx, s.bucket, key, id, n, bytes.NewReader(p.content), int64(len(p.content)),
				minio.PutObjectPartOptions{Md5Base64: p.md5, Sha256Hex: p.sha256})
			if err != nil {
				return err
			}
			etag = part.ETag
		}
		done = append(done, minio.CompletePart{PartNumber: n, ETag: etag})
		sent(at + int64(len(p.content)))
	}
	_, err = s.core.CompleteMultipartUpload(ctx, s.bucket, key, id, done, minio.PutObjectOptions{})
	return err
}

// begun finds an upload of that name that was interrupted, and the parts that are there.
func (s *s3) begun(ctx context.Context, key string) (id string, there map[int]string, err error) {
	list, err := s.core.ListMultipartUploads(ctx, s.bucket, key, "", "", "", 1000)
	if err != nil {
		if final(s3Error(err)) && minio.ToErrorResponse(err).StatusCode == http.StatusForbidden {
			return "", nil, nil // one may write there and not look
		}
		return "", nil, err
	}
	there = map[int]string{}
	for _, u := range list.Uploads {
		if u.Key == key {
			id = u.UploadID
		}
	}
	for marker := 0; id != ""; {
		parts, err := s.core.ListObjectParts(ctx, s.bucket, key, id, marker, 1000)
		if err != nil {
			return "", nil, err
		}
		for _, p := range parts.ObjectParts {
			there[p.PartNumber] = strings.Trim(p.ETag, `"`)
		}
		if marker = parts.NextPartNumberMarker; !parts.IsTruncated {
			break
		}
	}
	return id, there, nil
}

// s3Error says what a code of S3 means.
func s3Error(err error) error {
	if err == nil {
		return nil
	}
	kind := map[string]error{
		"AccessDenied": ErrRefused, "InvalidAccessKeyId": ErrRefused, "SignatureDoesNotMatch": ErrRefused, "ExpiredToken": ErrRefused,
		"NoSuchBucket": ErrNowhere, "QuotaExceeded": ErrFull, "EntityTooLarge": ErrFull, "XMinioStorageFull": ErrFull, "InsufficientStorage": ErrFull,
		"BadDigest": ErrChecksum, "InvalidDigest": ErrChecksum, "XAmzContentSHA256Mismatch": ErrChecksum, "XAmzContentChecksumMismatch": ErrChecksum,
	}
	resp := minio.ToErrorResponse(err)
	if k := kind[resp.Code]; k != nil {
		return fmt.Errorf("S3: %s: %w", resp.Code, k)
	}
	if resp.StatusCode > 0 {
		if k := statusError(resp.StatusCode); final(k) {
			return fmt.Errorf("S3: %w", k)
		}
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err // without the URL
	}
	return err
}
