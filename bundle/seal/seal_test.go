package seal

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
)

func keys(t *testing.T) (*Keys, *age.X25519Identity) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &Keys{Recipients: []age.Recipient{id.Recipient()}}, id
}

// sealed writes content in pieces of odd sizes, checking at each that what is there so far can be read.
func sealed(t *testing.T, k *Keys, content []byte) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f.age"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Create(f)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Open(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	follow := s.Follow(own)
	for n := 0; n < len(content); {
		step := min(len(content)-n, 1+(n*7919)%(3*piece))
		if _, err := s.Write(content[n : n+step]); err != nil {
			t.Fatal(err)
		}
		if filled := (n + step) % piece; filled > 0 && filled < piece-10 {
			if _, err := s.Write([]byte("taken back")); err != nil {
				t.Fatal(err)
			}
			if err := s.Truncate(int64(n + step)); err != nil {
				t.Fatal(err)
			}
		}
		n += step
		held(t, "while written", io.NewSectionReader(follow, 0, follow.Size()), content[:n])
		plain, err := k.Open(f, 1<<40)
		if err != nil {
			t.Fatal(err)
		}
		held(t, "a snapshot", plain, content[:n])
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	held(t, "after its end", io.NewSectionReader(follow, 0, follow.Size()), content)
	return f.Name()
}

func held(t *testing.T, what string, r io.Reader, want []byte) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s: %d bytes, want %d; %v", what, len(got), len(want), err)
	}
}

func open(t *testing.T, k *Keys, file []byte) (*Plain, error) {
	t.Helper()
	return k.Open(bytes.NewReader(file), int64(len(file)))
}

func TestWhatIsSealedIsOpenedByAge(t *testing.T) {
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 2 * piece, 5*piece + 17, 12 * piece} {
		k, id := keys(t)
		content := make([]byte, size)
		rand.NewChaCha8([32]byte{1}).Read(content)
		file, err := os.ReadFile(sealed(t, k, content))
		if err != nil {
			t.Fatal(err)
		}
		stock, err := age.Decrypt(bytes.NewReader(file), id)
		if err != nil {
			t.Fatal(err)
		}
		held(t, "age", stock, content)
		plain, err := open(t, &Keys{Identities: []age.Identity{id}}, file)
		if err != nil || plain.Cut != nil {
			t.Fatal(err, plain.Cut)
		}
		held(t, "ours", plain, content)
	}
}

func TestWhatWasDoneToASealedFileIsTold(t *testing.T) {
	k, id := keys(t)
	content := make([]byte, 5*piece+100)
	rand.NewChaCha8([32]byte{2}).Read(content)
	file, err := os.ReadFile(sealed(t, k, content))
	if err != nil {
		t.Fatal(err)
	}
	mine := &Keys{Identities: []age.Identity{id}}
	_, other := keys(t)
	if _, err := open(t, &Keys{Identities: []age.Identity{other}}, file); !errors.Is(err, ErrWrongKey) {
		t.Errorf("wrong key: %v", err)
	}
	for _, none := range []*Keys{nil, {}} {
		if _, err := open(t, none, file); !errors.Is(err, ErrLocked) {
			t.Errorf("no key: %v", err)
		}
	}
	header := len(file) - len(content) - 6*16 - nonceSize
	for at := range header {
		flipped := bytes.Clone(file)
		flipped[at] ^= 4
		if _, err := open(t, mine, flipped); !errors.Is(err, ErrHeader) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("header flipped at %d: %v", at, err)
		}
	}
	for i := range 5 {
		flipped := bytes.Clone(file)
		flipped[header+nonceSize+i*sealedPiece+1000] ^= 1
		plain, err := open(t, mine, flipped)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(plain)
		var changed *ChangedError
		if !errors.As(err, &changed) || len(got) != i*piece || !bytes.Equal(got, content[:len(got)]) {
			t.Errorf("piece %d flipped: %d bytes, %v", i, len(got), err)
		}
	}
	for _, at := range []int{header + nonceSize, header + nonceSize + 1, header + nonceSize + sealedPiece, len(file) / 2, len(file) - 100 - 16, len(file) - 1} {
		plain, err := open(t, mine, file[:at])
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(plain)
		want := (at - header - nonceSize) / sealedPiece * piece
		if !errors.Is(err, io.ErrUnexpectedEOF) || plain.Cut == nil || len(got) != want || !bytes.Equal(got, content[:want]) {
			t.Errorf("cut at %d: %d bytes, want %d; %v", at, len(got), want, err)
		}
	}
}

func TestWhatWasEncryptedIsNotTakenBack(t *testing.T) {
	k, _ := keys(t)
	f, err := os.Create(filepath.Join(t.TempDir(), "f.age"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Create(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(make([]byte, 3*piece)); err != nil {
		t.Fatal(err)
	}
	if s.Truncate(10) == nil {
		t.Error("taken back")
	}
	if _, err := s.Write([]byte("x")); err == nil {
		t.Error("goes on with a nonce that was used")
	}
	s.Close()
}
