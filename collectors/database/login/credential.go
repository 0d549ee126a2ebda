package login

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Credential is what logs in to a database. It is never printed.
type Credential struct{ User, Password string }

func (Credential) String() string   { return "credential" }
func (Credential) GoString() string { return "credential" }

// maxCredential is the size of a credential in bytes. A file that holds more, or a
// second line, is not one: no plan can make us send a key or a password file away.
const maxCredential = 512

var errCredential = errors.New("credential: want one line of user:password, or the password alone where the URL names the user")

// Resolve reads what "env:NAME" or "file:/path" points to. user is that of the URL.
func Resolve(reference, user string, getenv func(string) (string, bool)) (*Credential, error) {
	kind, where, _ := strings.Cut(reference, ":")
	var text string
	switch kind {
	case "env":
		v, set := getenv(where)
		if !set {
			return nil, fmt.Errorf("credential: %s is not set where casefile runs", where)
		}
		text = v
	case "file":
		v, err := readCredential(where)
		if err != nil {
			return nil, err
		}
		text = v
	default:
		return nil, errors.New("credential: want env:NAME or file:/path")
	}
	text = strings.TrimRight(text, "\r\n")
	if text == "" || len(text) > maxCredential || strings.ContainsAny(text, "\r\n\x00") {
		return nil, errCredential
	}
	if user != "" {
		return &Credential{User: user, Password: text}, nil
	}
	name, password, found := strings.Cut(text, ":")
	if !found || name == "" {
		return nil, errCredential
	}
	return &Credential{User: name, Password: password}, nil
}

// readCredential reads a small plain file that not everybody may read.
func readCredential(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0) // a pipe must not hang us
	if err != nil {
		return "", fmt.Errorf("credential: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("credential: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("credential: %s is no plain file", path)
	case openToAll(info):
		return "", fmt.Errorf("credential: %s can be read by everybody: chmod 600", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxCredential+3))
	if err != nil {
		return "", fmt.Errorf("credential: %w", err)
	}
	return string(b), nil
}

// Hide keeps a password out of an error of a driver or a server.
func (c *Credential) Hide(err error) error {
	if err == nil || c == nil || len(c.Password) < 2 || !strings.Contains(err.Error(), c.Password) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), c.Password, "[password]"))
}
