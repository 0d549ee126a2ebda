package access

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The other user of these tests, and a group that only he is in.
const other, otherGroup, extraGroup = 65534, 65534, 54321

// canary stands in files that the other user may not read.
const canary = "canary-7f3a-of-root"

// ofOther starts a process of another user and gives its tree.
func ofOther(t *testing.T) *Tree {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a process of another user needs root")
	}
	cmd := exec.Command("sleep", "600")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: otherGroup, Groups: []uint32{extraGroup}}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	tree, err := Process("/proc/" + strconv.Itoa(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// yard is a folder that the other user owns, a folder of root that is closed to him, with
// a file in it, and one of root that is open.
func yard(t *testing.T) (dir, secret string) {
	t.Helper()
	top, err := os.MkdirTemp("", "casefile-access-") // the test's own is not open to other users
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(top) })
	dir, secret = filepath.Join(top, "his"), filepath.Join(top, "closed", "secret")
	must(t, os.Chmod(top, 0o755), os.Mkdir(dir, 0o755), os.Chown(dir, other, otherGroup), os.Mkdir(filepath.Dir(secret), 0o700),
		os.WriteFile(secret, []byte(canary), 0o600))
	return dir, secret
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// hisFile writes a file that belongs to the other user.
func hisFile(t *testing.T, name, content string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(content), 0o600), os.Chown(name, other, otherGroup))
}

// What an access may do is what the user may: through his own files, and through nothing
// that he puts in their place.
func TestReadsWithRightsOfUser(t *testing.T) {
	tree := ofOther(t)
	dir, secret := yard(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	hisFile(t, at("own"), "own")
	must(t, os.WriteFile(at("groups"), []byte("groups"), 0o640), os.Chown(at("groups"), 0, extraGroup))
	must(t, os.WriteFile(at("roots"), []byte(canary), 0o600))
	must(t, os.Link(secret, at("hard")), os.Symlink(secret, at("soft")), os.Symlink(at("own"), at("good")), os.Lchown(at("good"), other, otherGroup))
	must(t, os.Symlink(filepath.Dir(secret), at("folder")))
	must(t, unix.Mkfifo(at("pipe"), 0o666), unix.Mknod(at("device"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))))
	must(t, os.Symlink("/proc/1/environ", at("environ")), os.Symlink("/proc/self/environ", at("own-environ")), os.Symlink("/dev/zero", at("zero")))
	for _, c := range []struct {
		name, want string
		refused    error
	}{
		{"own", "own", nil}, {"groups", "groups", nil}, {"good", "own", nil},
		{"roots", "", fs.ErrPermission}, {"hard", "", fs.ErrPermission}, {"soft", "", fs.ErrPermission}, {"folder/secret", "", fs.ErrPermission},
		{"pipe", "", errKind}, {"device", "", errKind}, {"zero", "", errKind}, {"environ", "", errKind}, {"own-environ", "", errKind},
		{"nothing", "", fs.ErrNotExist}, {".", "", errKind},
	} {
		b, err := tree.ReadFile(at(c.name), 100)
		if string(b) != c.want || !errors.Is(err, c.refused) || err == nil != (c.refused == nil) {
			t.Errorf("%s: %q, %v", c.name, b, err)
		}
		if errors.Is(err, fs.ErrPermission) {
			var denied *Denied
			if !errors.As(err, &denied) || denied.User != other || denied.Fix() == "" || !strings.Contains(err.Error(), at(c.name)) {
				t.Errorf("%s: %v does not say who may not read what", c.name, err)
			}
		}
	}
	files, err := tree.Glob(dir + "/*")
	if names := paths(files); !slices.Equal(names, []string{at("good"), at("groups"), at("own")}) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Glob: %v, %v", names, err)
	}
	if files, err := tree.Glob(filepath.Dir(secret) + "/*"); len(files) > 0 || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Glob of a closed folder: %v, %v", files, err)
	}
	if exists, known := tree.Exists(secret); exists || known {
		t.Errorf("what lies in a closed folder can be told: %v, %v", exists, known)
	}
	if _, err := tree.ReadInto(nil, at("soft"), 100); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("ReadInto: %v", err)
	}
}

func paths(files []File) []string {
	var names []string
	for _, f := range files {
		names = append(names, f.Path)
	}
	slices.Sort(names)
	return names
}

// Nothing is made or removed but what the user could make and remove himself.
func TestWritesWithRightsOfUser(t *testing.T) {
	tree := ofOther(t)
	dir, secret := yard(t)
	his, err := tree.Folder(dir)
	must(t, err)
	defer his.Close()
	must(t, his.Create("made", []byte("x")), his.Mkdir("folder", map[string][]byte{"file": []byte("y")}))
	for _, name := range []string{"made", "folder", "folder/file"} {
		st, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if sys := st.Sys().(*syscall.Stat_t); sys.Uid != other || sys.Gid != otherGroup || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v of %d:%d", name, st.Mode(), sys.Uid, sys.Gid)
		}
	}
	must(t, os.Symlink(secret, filepath.Join(dir, "link")), os.Symlink(filepath.Dir(secret), filepath.Join(dir, "folder", "way")))
	if err := his.Create("link", nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a link was written through: %v", err)
	}
	for _, name := range []string{"..", "../closed/secret", "folder/file", "", ".", "/etc/passwd"} {
		if err := errors.Join(his.Remove(name)); !errors.Is(err, errName) {
			t.Errorf("Remove(%q): %v", name, err)
		}
	}
	must(t, his.Remove("link"), his.Remove("made"), his.RemoveAll("folder"))
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != canary {
		t.Fatalf("the file of root is %q, %v", b, err)
	}
	top, err := tree.Folder(filepath.Dir(dir))
	must(t, err)
	defer top.Close()
	for what, err := range map[string]error{"Create": top.Create("new", nil), "Mkdir": top.Mkdir("new", nil), "Remove": top.Remove("his"), "RemoveAll": top.RemoveAll("closed")} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s in a folder of root: %v", what, err)
		}
	}
	if _, err := tree.Folder(filepath.Dir(secret)); err == nil {
		if names, err := top.Names(func(string) bool { return true }); err == nil && slices.Contains(names, "secret") {
			t.Errorf("a closed folder was listed: %v", names)
		}
	}
	if work, err := tree.WorkingFolder(); err != nil {
		t.Error(err)
	} else if err := errors.Join(work.Create("casefile-test", nil), work.Close()); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file was made in /: %v", err)
	}
}

// Every thread has casefile's own rights back afterwards, whatever happened.
func TestRightsComeBack(t *testing.T) {
	tree := ofOther(t)
	before, err := threadRights()
	must(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				err := tree.do("x", func() error {
					r, err := threadRights()
					if err != nil || r.uid != other || r.gid != otherGroup || !slices.Equal(r.groups, []int{extraGroup}) || r.caps != 0 {
						return fmt.Errorf("an access ran with %+v, %w", r, err)
					}
					if i%2 == 0 {
						return io.EOF
					}
					return nil
				})
				if err != nil && !errors.Is(err, io.EOF) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	must(t, err)
	for _, file := range tasks {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // ended
		}
		id, err := parseIdentity(string(status))
		if err != nil || id.UID != before.uid || id.GID != before.gid || id.caps != before.caps || !slices.Equal(id.Groups, before.groups) {
			t.Errorf("%s: %+v, %v, want %+v", file, id, err, before)
		}
	}
}

// Rights that cannot be taken are a reason to do nothing.
func TestNoRightsNoAccess(t *testing.T) {
	tree := ofOther(t)
	const invalid = 1<<32 - 1 // no id of anybody
	tree.id.UID = invalid
	ran := false
	if err := tree.do("x", func() error { ran = true; return nil }); !errors.Is(err, ErrNoIdentity) || ran {
		t.Errorf("%v, ran: %v", err, ran)
	}
	if err := (*Tree)(nil).do("x", func() error { ran = true; return nil }); !errors.Is(err, ErrNoIdentity) || ran {
		t.Errorf("no tree: %v, ran: %v", err, ran)
	}
}

// A process that is root is led astray by nobody else.
func TestRootIsNotLed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("files of other users need root")
	}
	tree, err := Process("/proc/self")
	must(t, err)
	dir, secret := yard(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Symlink(secret, at("soft")), os.Lchown(at("soft"), other, otherGroup), os.Link(secret, at("hard")), os.Symlink(secret, at("mine")))
	for name, want := range map[string]string{"soft": "", "hard": "", "mine": canary} {
		b, err := tree.ReadFile(at(name), 100)
		if string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		var stranger *Stranger
		if want == "" && (!errors.As(err, &stranger) || !strings.Contains(stranger.Fix(), "--trust-owner")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tree.Trust([]int{other})
	if b, err := tree.ReadFile(at("soft"), 100); string(b) != canary {
		t.Errorf("a link of a trusted user: %q, %v", b, err)
	}
}

// A user who is no root is not led by a third one, in folders that all can write to.
func TestStrangersLead(t *testing.T) {
	tree := ofOther(t)
	dir, _ := yard(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	const third = 12345
	hisFile(t, at("private"), "his own")
	must(t, os.Mkdir(at("open"), 0o700), os.Chmod(at("open"), 0o1777), os.Chown(at("open"), 0, 0))
	must(t, os.Symlink(at("private"), at("open/soft")), os.Lchown(at("open/soft"), third, third), os.Link(at("private"), at("open/hard")))
	must(t, os.Mkdir(at("deploy"), 0o755), os.Chown(at("deploy"), third, third), os.Symlink(at("private"), at("deploy/current")), os.Lchown(at("deploy/current"), third, third))
	for name, want := range map[string]bool{"open/soft": false, "open/hard": false, "deploy/current": true} {
		if b, err := tree.ReadFile(at(name), 100); err == nil != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

// --trust-owner widens reading to what only root can have put there.
func TestTrustOwner(t *testing.T) {
	tree := ofOther(t)
	tree.Trust([]int{0})
	dir, secret := yard(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Symlink(secret, at("soft")), os.Lchown(at("soft"), other, otherGroup), os.WriteFile(at("roots"), []byte(canary), 0o600))
	rootsOnly, err := os.MkdirTemp("/", "casefile-access-") // /tmp is open to all
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(rootsOnly) })
	file := filepath.Join(rootsOnly, "server.conf")
	must(t, os.WriteFile(file, []byte("conf"), 0o600), os.WriteFile(file+".his", []byte("x"), 0o600), os.Chown(file+".his", 12345, 12345), unix.Mkfifo(file+".pipe", 0o600))
	for name, want := range map[string]string{file: "conf", file + ".his": "", file + ".pipe": "", at("soft"): "", at("roots"): "", secret: ""} {
		if b, err := tree.ReadFile(name, 100); string(b) != want || err == nil != (want != "") {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	tree.Trust(nil)
	if b, err := tree.ReadFile(file, 100); err == nil {
		t.Errorf("without trust: %q", b)
	}
}

// A process between two users has no rights, and one that changed its user not those of before.
func TestParseIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"Uid:\t1\t1\t1\t1\nGid:\t2\t2\t2\t2\nGroups:\t9 4 \nCapEff:\t0000000000000003\n": "{UID:1 GID:2 Groups:[4 9] caps:3 roots:[] Foreign:false}",
		"Uid:\t1000\t0\t0\t0\nGid:\t2\t2\t2\t2\n":                                        "",
		"Uid:\t1\t1\t1\n":                                "",
		"Uid:\t1\t1\t1\t1\n":                             "",
		"Uid:\t1\t1\t1\t-1\nGid:\t2\t2\t2\t2\n":          "",
		"Uid:\t1\t1\t1\t1\nGid:\t2\t2\t2\t99999999999\n": "",
		"": "",
	} {
		id, err := parseIdentity(text)
		if err == nil && fmt.Sprintf("%+v", *id) != want || err == nil != (want != "") {
			t.Errorf("%q: %+v, %v", text, id, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	tree := Fixture("/")
	if os.Geteuid() == 0 {
		var err error
		if tree, err = Process("/proc/self"); err != nil {
			b.Fatal(err)
		}
		tree.id.UID, tree.id.caps = other, 0 // the ids are switched
	}
	for b.Loop() {
		f, err := tree.Open("/etc/passwd")
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// A process that changes its user, as a program with the setuid bit does, is another one.
func TestChangedUserIsAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a change of user needs root")
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("sh", "-c", "read x; exec "+setpriv+" --reuid 65534 --regid 65534 --clear-groups cat")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	must(t, err1, err2, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	tree, err := Process("/proc/" + strconv.Itoa(cmd.Process.Pid))
	must(t, err, tree.Check())
	_, err = io.WriteString(in, "go\nhere\n")
	must(t, err)
	said := make([]byte, len("here\n"))
	if _, err := io.ReadFull(out, said); err != nil {
		t.Fatal(err)
	}
	if err := tree.Check(); !errors.Is(err, ErrOther) {
		t.Errorf("%s, %v", said, err)
	}
	if _, err := tree.WorkingFolder(); !errors.Is(err, ErrOther) {
		t.Errorf("its working folder: %v", err)
	}
}
