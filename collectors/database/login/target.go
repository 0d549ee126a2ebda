package login

import (
	"context"
	"errors"
	"fmt"
	"os"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// App is a database that the configuration of a product names, and how that logs in.
type App struct{ URL, User, Password string }

// Find looks for the databases of the products of a node. It is called only where the plan asks for it.
type Find func(context.Context, *collectors.Session) []App

// Target is a database of a plan, or of a product where the plan asks for these.
type Target struct {
	jdbc.Endpoint
	Credential *Credential // nil: nobody logs in
	Failure    error       // why the URL cannot be used
	Warning    error       // why there is a credential that cannot be
	Label      string      // names it where the URL cannot
	Product    bool        // it is that of a product, and so is the credential
}

// errEncrypted is that of a product whose password nobody but itself can read.
var errEncrypted = errors.New("the configuration of the application keeps the password encrypted, or elsewhere")

// Of reads URL and credential of a plan's database. It asks nobody.
func Of(d plan.Database, label string) Target {
	t := Target{Label: label}
	if t.Endpoint, t.Failure = jdbc.Parse(d.URL); t.Failure != nil || d.Credential == "" {
		return t
	}
	if !Knows(t.Kind) {
		t.Warning = fmt.Errorf("logging in to %q is not built in", t.Kind)
		return t
	}
	t.Credential, t.Warning = Resolve(d.Credential, t.User, os.LookupEnv)
	return t
}

// ofApp is that of a product's own database. Where the configuration keeps the password encrypted, nobody logs in.
func ofApp(a App, label string) Target {
	t := Of(plan.Database{URL: a.URL}, label)
	t.Product = true
	switch {
	case t.Failure != nil || !Knows(t.Kind):
	case a.Password == "":
		t.Warning = errEncrypted
	default:
		t.Credential = &Credential{User: a.User, Password: a.Password}
	}
	return t
}

// Targets are the databases of a session's plan; the scrubber learns their passwords.
func Targets(ctx context.Context, s *collectors.Session, probes plan.Probes, find Find) []Target {
	var list []Target
	for i, d := range probes.Databases {
		list = append(list, Of(d, fmt.Sprintf("database %d", i+1)))
	}
	if probes.AppCredentials && find != nil {
		for i, a := range find(ctx, s) {
			if len(list) < plan.MaxDatabases {
				list = append(list, ofApp(a, fmt.Sprintf("database %d of an application", i+1)))
			}
		}
	}
	for _, t := range list {
		if t.Credential != nil && s.Secrets != nil {
			s.Secrets.Learn(t.Credential.Password)
		}
	}
	return list
}
