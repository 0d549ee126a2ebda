package rights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const full = 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_KILL

// What was not permitted has another cure on each system.
func TestHelp(t *testing.T) {
	for _, c := range []struct {
		name  string
		own   Rights
		files map[string]string
		want  string // begins so; empty: nothing
	}{
		{"a user", Rights{1000, 0}, nil, "run casefile as root or as the owner of the process"},
		{"a user, SELinux too", Rights{1000, 0}, map[string]string{"sys/fs/selinux/enforce": "1"}, "run casefile as root"},
		{"root", Rights{0, full}, nil, ""},
		{"root in a container", Rights{0, full &^ (1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_KILL)}, nil, "casefile runs without CAP_SYS_PTRACE, CAP_KILL: run it on the host"},
		{"the agent's user", Rights{998, full&^(1<<unix.CAP_DAC_OVERRIDE) | 1<<unix.CAP_DAC_READ_SEARCH}, nil, ""},
		{"SELinux", Rights{0, full}, map[string]string{"sys/fs/selinux/enforce": "1"}, "SELinux is enforcing: ausearch -m avc -ts recent names what it refused"},
		{"SELinux, permissive", Rights{0, full}, map[string]string{"sys/fs/selinux/enforce": "0"}, ""},
		{"AppArmor", Rights{0, full}, map[string]string{"proc/self/attr/current": "docker-default (enforce)\n"}, "AppArmor confines casefile by the profile docker-default:"},
		{"AppArmor, not confined", Rights{0, full}, map[string]string{"proc/self/attr/current": "unconfined\n"}, ""},
		{"SELinux's own label", Rights{0, full}, map[string]string{"proc/self/attr/current": "unconfined_u:unconfined_r:unconfined_t:s0"}, ""},
	} {
		got := view(t, c.own, c.files).Help()
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHidden(t *testing.T) {
	const line = "22 28 0:20 / /proc rw,nosuid,nodev shared:5 - proc proc "
	for options, want := range map[string]bool{"rw": false, "rw,hidepid=0": false, "rw,hidepid=2": true, "rw,hidepid=invisible": true,
		"rw,gid=5,hidepid=noaccess": true, "rw,hidepid=off": false} {
		files := map[string]string{"proc/self/mountinfo": "21 28 0:19 / /sys rw - sysfs sysfs rw\n" + line + options + "\n"}
		if got := view(t, Rights{1000, 0}, files).Hidden(); got != want {
			t.Errorf("%s: %v, want %v", options, got, want)
		}
		if view(t, Rights{998, 1 << unix.CAP_SYS_PTRACE}, files).Hidden() {
			t.Errorf("%s: hidden from who may trace all", options)
		}
	}
}

// view is a system of these files.
func view(t *testing.T, own Rights, files map[string]string) View {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return View{filepath.Join(dir, "proc"), filepath.Join(dir, "sys"), own}
}
