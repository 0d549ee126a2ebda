package rights

import (
	"os"
	"path/filepath"
	"strings"
)

// View is what casefile sees of the system, and with which rights. The folders are parameters so that a fixture can take
// the place of a system with another kernel or policy.
type View struct {
	Proc, Sys string
	Own       Rights
}

// Here is the view of casefile itself.
func Here() View { return View{"/proc", "/sys", Own()} }

func (v View) text(root string, path ...string) string {
	b, _ := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	return strings.TrimSpace(string(b))
}

// NoProc reports whether there is no /proc of a kernel.
func (v View) NoProc() bool { return v.text(v.Proc, "self", "stat") == "" }

// Hidden reports whether /proc hides the processes of other users from casefile (hidepid of proc(5)).
func (v View) Hidden() bool {
	if v.Own.SeesAll() {
		return false
	}
	for line := range strings.Lines(v.text(v.Proc, "self", "mountinfo")) {
		f := strings.Fields(line)
		if len(f) < 7 || f[4] != "/proc" {
			continue
		}
		for _, option := range strings.Split(f[len(f)-1], ",") {
			switch strings.TrimPrefix(option, "hidepid=") {
			case "1", "2", "4", "noaccess", "invisible", "ptraceable":
				return true
			}
		}
	}
	return false
}

// firstPIDs is the inode of the pid namespace that the kernel starts with (PROC_PID_INIT_INO).
const firstPIDs = "pid:[4026531836]"

// Contained reports whether casefile sees a part of the host's processes only, as in a container.
func (v View) Contained() bool {
	own, err := os.Readlink(filepath.Join(v.Proc, "self/ns/pid"))
	return err == nil && own != firstPIDs
}

// Help says what to do about something that was not permitted; "": nothing is known to help.
func (v View) Help() string {
	if !v.Own.MayBecome() {
		return "run casefile as root or as the owner of the process"
	}
	if lacks := v.Own.lacks(); len(lacks) > 0 {
		return "casefile runs without " + strings.Join(lacks, ", ") + ": run it on the host, or give its container or unit these capabilities"
	}
	if v.text(v.Sys, "fs/selinux/enforce") == "1" {
		return "SELinux is enforcing: ausearch -m avc -ts recent names what it refused; allow that (audit2allow -M casefile), " +
			"or run casefile from an unconfined shell (id -Z)"
	}
	if profile, confined := strings.CutSuffix(v.text(v.Proc, "self/attr/current"), " (enforce)"); confined {
		return "AppArmor confines casefile by the profile " + profile + ": run it outside of that (a container: --security-opt apparmor=unconfined)"
	}
	return ""
}
