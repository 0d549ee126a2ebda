package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/grafana/pyroscope-go/upstream"
	"github.com/grafana/pyroscope-go/upstream/remote"
	"github.com/spf13/pflag"

	"casefile/analyze/profile"
	"casefile/collectors"
)

// pushOptions says where profiles are sent to, and with which credentials. Those
// come from the environment or from files: an argument list can be read by all.
type pushOptions struct {
	url, tenant, user       string
	tokenFile, passwordFile string
	within                  time.Duration

	token, password string
}

// The variables that hold secrets; they have no flag.
const (
	pushTokenEnv    = "CASEFILE_PUSH_TOKEN"
	pushPasswordEnv = "CASEFILE_PUSH_PASSWORD"
	maxSecretFile   = 64 << 10
)

func (o *pushOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.url, "push", "", "also send the profiles to the Pyroscope server at this URL")
	f.StringVar(&o.tenant, "push-tenant", "", "tenant (X-Scope-OrgID)")
	f.StringVar(&o.user, "push-user", "", "user of basic authentication; the password stands in "+pushPasswordEnv+" or --push-password-file")
	f.StringVar(&o.passwordFile, "push-password-file", "", "file that holds the password")
	f.StringVar(&o.tokenFile, "push-token-file", "", "file that holds a bearer token (or set "+pushTokenEnv+")")
	f.DurationVar(&o.within, "push-timeout", 10*time.Second, "how long the server may take for one profile")
}

// check reads the secrets and refuses what cannot work, before anything is captured.
func (o *pushOptions) check() error {
	if o.url == "" {
		return nil
	}
	u, err := url.Parse(o.url)
	switch {
	case err != nil:
		return usage("--push: not a URL")
	case u.User != nil:
		return usage("--push: the URL holds a user or password: name them with --push-user and %s or --push-password-file", pushPasswordEnv)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return usage("--push %q: want http://host or https://host", o.url)
	case u.RawQuery != "" || u.Fragment != "":
		return usage("--push: the URL may not hold a query")
	case o.within <= 0:
		return usage("--push-timeout %v: must be above 0", o.within)
	}
	if o.token, err = secret(pushTokenEnv, o.tokenFile); err != nil {
		return usage("--push-token-file: %w", err)
	}
	if o.password, err = secret(pushPasswordEnv, o.passwordFile); err != nil {
		return usage("--push-password-file: %w", err)
	}
	if o.user == "" && o.password != "" || o.user != "" && o.password == "" {
		return usage("--push-user and a password (%s or --push-password-file) belong together", pushPasswordEnv)
	}
	if o.token != "" && o.user != "" {
		return usage("a token and a user: one of both")
	}
	return nil
}

// secret is what a file holds, else what a variable does.
func secret(env, file string) (string, error) {
	if file == "" {
		return os.Getenv(env), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	text := strings.TrimSpace(string(b))
	if err == nil && text == "" {
		err = fmt.Errorf("%s is empty", file)
	}
	return text, err
}

// host is the server, for messages.
func (o *pushOptions) host() string {
	if u, err := url.Parse(o.url); err == nil {
		return u.Host
	}
	return "the server"
}

// send uploads one profile a process. All are tried unless the server does not answer.
func (o *pushOptions) send(ctx context.Context, p *profiled) error {
	var failed []error
	for _, part := range p.parts {
		err := o.upload(ctx, part)
		if err != nil {
			failed = append(failed, fmt.Errorf("push %s of %s to %s: %w", p.kind, strings.TrimSpace(part.Node+" "+part.Process), o.host(), err))
		}
		var refused *pushRefused
		if err != nil && !errors.As(err, &refused) {
			break // nobody there: the next would wait as long
		}
	}
	return errors.Join(failed...)
}

func (o *pushOptions) upload(ctx context.Context, part profile.Part) error {
	labelled, err := profile.Merge([]profile.Part{part})
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := labelled.Raw().Write(&body); err != nil {
		return err
	}
	start, end := part.Profile.Start, part.Profile.Start.Add(part.Profile.Duration)
	if part.Profile.Start.IsZero() {
		start, end = time.Now().Add(-part.Profile.Duration), time.Now()
	}
	_, app, found := strings.Cut(part.Process, "-")
	if !found {
		app = part.Process
	}
	job := &upstream.UploadJob{
		Name:      pyroscopeName(orDefault(app, "casefile"), map[string]string{"node": part.Node, "process": part.Process}),
		StartTime: start, EndTime: end, SpyName: "casefile", SampleRate: 100, Units: "samples", AggregationType: "sum",
		Format: upstream.FormatPprof, Profile: body.Bytes(), SampleTypeConfig: sampleTypes(labelled),
	}
	return o.put(ctx, job)
}

// sampleTypes tells the server what the values of a profile are.
func sampleTypes(p *profile.Profile) map[string]*upstream.SampleType {
	types := map[string]*upstream.SampleType{}
	for _, v := range p.Views() {
		unit := map[string]string{"nanoseconds": "lock_nanoseconds", "count": "samples", "bytes": "bytes"}[v.Unit]
		if v.Kind == profile.CPU || v.Kind == profile.Wall {
			unit = "samples"
		}
		types[v.Type] = &upstream.SampleType{Units: orDefault(unit, v.Unit), Aggregation: "sum", DisplayName: v.Type,
			Sampled: v.Kind == profile.CPU || v.Kind == profile.Wall}
	}
	return types
}

// pyroscopeName is an application's name with its labels: app{node=n1,process=4711-app}.
func pyroscopeName(app string, labels map[string]string) string {
	var list []string
	for _, key := range []string{"node", "process"} {
		if labels[key] != "" {
			list = append(list, key+"="+collectors.SafeName(labels[key]))
		}
	}
	name := collectors.SafeName(app)
	if len(list) > 0 {
		name += "{" + strings.Join(list, ",") + "}"
	}
	return name
}

// pushRefused is an answer of the server other than 200.
type pushRefused struct {
	status int
	said   string
}

func (r *pushRefused) Error() string {
	hint := map[int]string{
		http.StatusUnauthorized: ": the token or password is missing or wrong",
		http.StatusForbidden:    ": these credentials may not write there",
		http.StatusNotFound:     ": no Pyroscope at this address (its path is /ingest)",
	}[r.status]
	if r.said != "" {
		hint += " (" + r.said + ")"
	}
	return fmt.Sprintf("the server answered %d %s%s", r.status, http.StatusText(r.status), hint)
}

// put uploads one job with pyroscope-go's own uploader. That logs errors and ends
// only with its queue: the client that it is given keeps to ctx and tells the outcome.
func (o *pushOptions) put(ctx context.Context, job *upstream.UploadJob) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.within, fmt.Errorf("no answer within %v", o.within))
	defer cancel()
	client := &pushClient{ctx: ctx, err: errors.New("not sent")}
	cfg := remote.Config{Address: o.url, TenantID: o.tenant, BasicAuthUser: o.user, BasicAuthPassword: o.password,
		Threads: 1, Timeout: o.within, Logger: client, HTTPClient: client}
	if o.token != "" {
		cfg.HTTPHeaders = map[string]string{"Authorization": "Bearer " + o.token}
	}
	r, err := remote.NewRemote(cfg)
	if err != nil {
		return err
	}
	r.Start()
	r.Upload(job)
	r.Flush()
	r.Stop()
	return client.err
}

// pushClient sends one request and keeps what became of it. It is used by one
// goroutine at a time: Flush waits for that of the uploader.
type pushClient struct {
	ctx context.Context
	err error
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 10

func (c *pushClient) Do(req *http.Request) (*http.Response, error) {
	once := &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		// a redirect would lose the credentials, and the answer then misleads
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := once.Do(req.WithContext(c.ctx))
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		if c.ctx.Err() != nil {
			err = context.Cause(c.ctx)
		}
		c.err = err
		return nil, err
	}
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(said))
	switch {
	case err != nil:
		c.err = fmt.Errorf("read the answer: %w", err)
	case resp.StatusCode != http.StatusOK:
		text, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
		c.err = &pushRefused{resp.StatusCode, text[:min(len(text), 200)]}
	default:
		c.err = nil
	}
	return resp, nil
}

// The uploader's log: what it says is in err already, but for a full queue, which
// one job does not fill.
func (c *pushClient) Infof(string, ...any)  {}
func (c *pushClient) Debugf(string, ...any) {}
func (c *pushClient) Errorf(string, ...any) {}
