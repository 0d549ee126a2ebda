package host

import "golang.org/x/sys/unix"

// readClock asks the kernel for the state of its clock. Modes stays zero, so
// that nothing is changed and no right is needed (adjtimex(2)).
func readClock() (clockReading, error) {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return clockReading{}, err
	}
	return clockReading{state: state, status: int(tx.Status), offset: int64(tx.Offset), freq: int64(tx.Freq),
		maxError: int64(tx.Maxerror), estError: int64(tx.Esterror), tai: int(tx.Tai)}, nil
}
