package send

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// Credentials are those of HTTPS and WebDAV: a token, or user and password.
type Credentials struct{ Token, User, Password string }

// Names of the environment.
const (
	EnvToken    = "CASEFILE_UPLOAD_TOKEN"
	EnvUser     = "CASEFILE_UPLOAD_USER"
	EnvPassword = "CASEFILE_UPLOAD_PASSWORD"
)

// ReadCredentials reads a file with lines "token: ...", or "user: ..." and "password: ..."; without one, the environment.
func ReadCredentials(file string, env func(string) string) (Credentials, error) {
	if file == "" {
		return Credentials{env(EnvToken), env(EnvUser), env(EnvPassword)}, nil
	}
	text, err := readSecret(file)
	if err != nil {
		return Credentials{}, err
	}
	var c Credentials
	to := map[string]*string{"token": &c.Token, "user": &c.User, "password": &c.Password}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		if to[key] == nil {
			return c, fmt.Errorf("%s:%d: want one of the keys token, user, password", file, n)
		}
		*to[key] = strings.TrimSpace(value)
	}
	if c == (Credentials{}) {
		return c, fmt.Errorf("%s: neither a token nor user and password", file)
	}
	return c, nil
}

const maxSecret = 64 << 10

// readSecret reads a file that nobody else may read.
func readSecret(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if perm := st.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s: others may read it (mode %04o): chmod 600 %[1]s", name, perm)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if len(text) > maxSecret {
		return nil, errors.New(name + ": too large for a file of credentials")
	}
	return text, err
}
