//go:build unix && !linux

package live

import "syscall"

// attributes: a group of its own, so that a Ctrl-C at the terminal reaches us
// and not the sample, which ends with its standard input.
func attributes(user *User) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if user != nil {
		a.Credential = &syscall.Credential{Uid: user.UID, Gid: user.GID}
	}
	return a
}
