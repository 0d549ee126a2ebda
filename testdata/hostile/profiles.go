package hostile

import (
	"bufio"
	"encoding/binary"
	"fmt"
)

// message is a protobuf field of bytes.
func message(b []byte, number int, body []byte) []byte {
	b = binary.AppendUvarint(b, uint64(number<<3|2))
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...)
}

func number(b []byte, field, v int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3)), uint64(v))
}

// Numbers of the fields of profile.proto.
const (
	sampleType, samples, locations, functions, stringTable = 1, 2, 4, 5, 6
)

func profileHead() []byte {
	b := message(nil, sampleType, number(number(nil, 1, 1), 2, 2))
	for _, s := range []string{"", "cpu", "nanoseconds"} {
		b = message(b, stringTable, []byte(s))
	}
	return b
}

// profiles are pprof files.
func profiles() []Input {
	of := func(name string, mbs int, head []byte, one func(i int) []byte) Input {
		return file(name, "", func(w *bufio.Writer, size float64) error {
			if _, err := w.Write(append(profileHead(), head...)); err != nil {
				return err
			}
			for i, n := 1, 0; int64(n) < mb(mbs, size); i++ {
				b := one(i)
				n += len(b)
				if _, err := w.Write(b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	frame := message(message(nil, functions, number(number(nil, 1, 1), 2, 1)), locations, message(number(nil, 1, 1), 4, number(nil, 1, 1)))
	return []Input{
		of("strings.pprof", 60, nil, func(i int) []byte { return message(nil, stringTable, []byte(fmt.Sprint(i))) }),
		of("empty-strings.pprof", 60, nil, func(int) []byte { return message(nil, stringTable, nil) }),
		of("samples.pprof", 60, frame, func(i int) []byte { return message(nil, samples, number(number(nil, 1, 1), 2, i)) }),
		of("empty-samples.pprof", 60, frame, func(int) []byte { return message(nil, samples, nil) }),
		of("functions.pprof", 60, nil, func(i int) []byte { return message(nil, functions, number(nil, 1, i)) }),
		of("locations.pprof", 60, nil, func(i int) []byte { return message(nil, locations, number(nil, 1, i)) }),
		of("inlined.pprof", 60, message(nil, functions, number(number(nil, 1, 1), 2, 1)), func(i int) []byte {
			var lines []byte
			for range 1000 {
				lines = message(lines, 4, number(nil, 1, 1))
			}
			return message(nil, locations, append(number(nil, 1, i), lines...))
		}),
		of("labels.pprof", 60, frame, func(i int) []byte {
			return message(nil, samples, message(number(number(nil, 1, 1), 2, 1), 3, number(number(nil, 1, 1), 3, i)))
		}),
		of("stack.pprof", 60, frame, func(int) []byte {
			ids := make([]byte, 1_000_000)
			for i := range ids {
				ids[i] = 1
			}
			return message(nil, samples, number(message(nil, 1, ids), 2, 1))
		}),
	}
}
