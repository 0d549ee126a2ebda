package threads

import "bytes"

// unwrap takes off what a container runtime puts before each line of a process's output:
//
//	2025-12-22T13:19:53.123456789Z stdout F "main" #1 ...    Kubernetes (CRI)
//	web-1  | "main" #1 ...                                   docker compose
func unwrap(b []byte) []byte {
	if len(b) < 4 {
		return b
	}
	switch c := b[0]; {
	case isDigit(c):
		return unwrapCRI(b)
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return unwrapCompose(b)
	}
	return b
}

var criStreams = [][]byte{[]byte(" stdout F "), []byte(" stderr F ")}

func unwrapCRI(b []byte) []byte {
	if len(b) < 28 || b[4] != '-' || b[10] != 'T' {
		return b
	}
	head := b[:min(len(b), 48)]
	for _, mark := range criStreams {
		if i := bytes.Index(head, mark); i >= 20 {
			return b[i+len(mark):]
		}
	}
	return b
}

func unwrapCompose(b []byte) []byte {
	bar := bytes.IndexByte(b[:min(len(b), 64)], '|')
	if bar < 2 || b[bar-1] != ' ' {
		return b
	}
	for _, c := range bytes.TrimRight(b[:bar], " ") {
		if !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return b
		}
	}
	rest := b[bar+1:]
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return rest
}
