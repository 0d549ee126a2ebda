package calls

// subject is what the first argument of a call is.
type subject int

const (
	nothing    subject = iota
	descriptor         // a file descriptor
	pollArray          // the address of struct pollfd; the second argument is how many
)

// subjects are the calls that are for a descriptor; any other is named only.
var subjects = map[string]subject{
	"poll": pollArray, "ppoll": pollArray,

	"read": descriptor, "pread64": descriptor, "readv": descriptor, "preadv": descriptor, "preadv2": descriptor,
	"write": descriptor, "pwrite64": descriptor, "writev": descriptor, "pwritev": descriptor, "pwritev2": descriptor,
	"recvfrom": descriptor, "recvmsg": descriptor, "recvmmsg": descriptor,
	"sendto": descriptor, "sendmsg": descriptor, "sendmmsg": descriptor,
	"accept": descriptor, "accept4": descriptor, "connect": descriptor, "shutdown": descriptor, "close": descriptor,
	"sendfile": descriptor, "splice": descriptor, "copy_file_range": descriptor,
	"fsync": descriptor, "fdatasync": descriptor, "syncfs": descriptor, "sync_file_range": descriptor,
	"ftruncate": descriptor, "fallocate": descriptor, "flock": descriptor, "fcntl": descriptor, "ioctl": descriptor,
	"lseek": descriptor, "fstat": descriptor, "getdents64": descriptor,
}
