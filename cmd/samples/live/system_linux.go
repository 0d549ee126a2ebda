package live

import "syscall"

// attributes: a group of its own, so that a Ctrl-C at the terminal reaches us
// and not the sample; and it dies with us.
func attributes(user *User) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if user != nil {
		a.Credential = &syscall.Credential{Uid: user.UID, Gid: user.GID}
	}
	return a
}
