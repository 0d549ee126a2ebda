package host

import (
	"bytes"
	"strconv"
	"strings"
)

// mount is one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)):
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
type mount struct {
	device  string // major:minor
	root    string // folder of the file system that is mounted
	point   string
	options string
	fsType  string
	source  string
	super   string // options of the file system
}

// parseMounts returns the mounts, and how many lines were not understood.
func parseMounts(b []byte) (list []mount, unknown int) {
	for line := range bytes.Lines(b) {
		before, after, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " - ")
		left, right := strings.Fields(before), strings.Split(after, " ")
		if !ok || len(left) < 6 || len(right) < 3 {
			unknown++
			continue
		}
		list = append(list, mount{device: left[2], root: unescape(left[3]), point: unescape(left[4]), options: left[5],
			fsType: right[0], source: unescape(right[1]), super: right[2]})
	}
	return list, unknown
}

// unescape reverses the kernel's octal escapes: blank, tab, newline, backslash, #.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// has reports whether a comma-separated list of options holds one of them.
func has(options, name string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if o == name {
			return true
		}
	}
	return false
}
