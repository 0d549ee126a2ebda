package names

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"

	"casefile/bundle/newfile"
)

// Files of a [Store].
const (
	KeyFile = "names.key" // an age identity: AGE-SECRET-KEY-1...
	MapFile = "names.age" // JSON, encrypted to it: stock age -d -i names.key opens it
)

// maxMap bounds the file of names, decrypted, in bytes.
const maxMap = 256 << 20

// ErrTooOpen says that others than its owner may read a key.
var ErrTooOpen = errors.New("others than its owner may read it")

// Store is the folder in which an admin keeps the key and the names of a cluster. The key never leaves it.
type Store struct {
	dir      string
	identity *age.X25519Identity
	Set      *Set
	// Made says that the key was made new.
	Made bool
}

// OpenStore reads the key and the names in a folder; it makes the folder and the key where there are none.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	var err error
	if s.identity, err = readIdentity(filepath.Join(dir, KeyFile)); errors.Is(err, fs.ErrNotExist) {
		err = s.makeKey()
	}
	if err != nil {
		return nil, err
	}
	s.Set = New(sha256.Sum256([]byte("casefile names 1\x00" + s.identity.String())))
	list, err := readMap(s.MapPath(), s.identity)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s.Set.Restore(list)
	return s, nil
}

// MapPath is where the names lie.
func (s *Store) MapPath() string { return filepath.Join(s.dir, MapFile) }

// makeKey makes a key, unless somebody else does at the same moment: then that one counts.
func (s *Store) makeKey() error {
	made, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, KeyFile)
	f, err := os.CreateTemp(s.dir, KeyFile+".*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintf(f, "# the key of casefile's pseudonyms: who has it can translate them back\n%s\n", made)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path) // fails where there is one
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(f.Name(), path) // a file system without links
	}
	s.Made = err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	s.identity, err = readIdentity(path)
	return err
}

func readIdentity(path string) (*age.X25519Identity, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s: %w: chmod 600 %[1]s", path, ErrTooOpen)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := age.ParseIdentities(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, i := range list {
		if x, is := i.(*age.X25519Identity); is {
			return x, nil
		}
	}
	return nil, fmt.Errorf("%s: no identity of age in it", path)
}

// mapping is the content of MapFile.
type mapping struct {
	Version int    `json:"version"`
	Names   []Name `json:"names"`
}

func readMap(path string, identity age.Identity) ([]Name, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := age.Decrypt(f, identity)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	raw, err := io.ReadAll(io.LimitReader(plain, maxMap+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var m mapping
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m.Names, nil
}

// Save keeps the names of the set, with those that others have saved since.
func (s *Store) Save() error {
	unlock, err := lock(filepath.Join(s.dir, MapFile+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	since, err := readMap(s.MapPath(), s.identity)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	all := s.Set.Names()
	have := map[Name]bool{}
	for _, n := range all {
		have[n] = true
	}
	for _, n := range since {
		if !have[n] {
			all = append(all, n)
		}
	}
	raw, err := json.Marshal(mapping{1, all})
	if err != nil {
		return err
	}
	return newfile.Write(s.MapPath(), func(out io.Writer) error {
		sealed, err := age.Encrypt(out, s.identity.Recipient())
		if err != nil {
			return err
		}
		if _, err := sealed.Write(raw); err != nil {
			return err
		}
		return sealed.Close()
	})
}

// ReadNames reads a file of names with the key next to it, or with another one.
func ReadNames(path, key string) ([]Name, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, MapFile)
	}
	if key == "" {
		key = filepath.Join(filepath.Dir(path), KeyFile)
	}
	identity, err := readIdentity(key)
	if err != nil {
		return nil, err
	}
	return readMap(path, identity)
}

// Reveal puts the names back into a text in which pseudonyms stand; n counts them.
func Reveal(list []Name, text []byte) (out []byte, n int) {
	names := map[string]string{}
	for _, name := range list {
		if name.Kind != Network.String() {
			names[name.As] = name.Name
		}
	}
	part := func(c byte) bool { return isWord(c) || strings.IndexByte("-.:", c) >= 0 }
	var b bytes.Buffer
	for at := 0; at < len(text); {
		if !part(text[at]) {
			b.WriteByte(text[at])
			at++
			continue
		}
		end := at
		for end < len(text) && part(text[end]) {
			end++
		}
		for at < end {
			stop := longestName(names, text[at:end])
			if stop == 0 {
				for stop = 1; at+stop < end && isWord(text[at+stop-1]); stop++ { // to the next word
				}
				b.Write(text[at : at+stop])
			} else {
				b.WriteString(names[string(bytes.ToLower(text[at:at+stop]))])
				n++
			}
			at += stop
		}
	}
	return b.Bytes(), n
}

// longestName is the length of the longest pseudonym that a text begins with, up to the end of a word; 0: none.
func longestName(names map[string]string, text []byte) int {
	for end := len(text); end > 0; end-- {
		if end < len(text) && isWord(text[end]) && isWord(text[end-1]) {
			continue
		}
		if _, is := names[string(bytes.ToLower(text[:end]))]; is {
			return end
		}
		if end > 64 {
			end = 65
		}
	}
	return 0
}
