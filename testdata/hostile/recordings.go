package hostile

import (
	"bufio"
	"encoding/binary"
	"strconv"
)

// jfrHeader is the head of a chunk that says it has that many bytes, with its metadata at that offset.
func jfrHeader(size, metadata int64) []byte {
	be := binary.BigEndian
	h := []byte("FLR\x00\x00\x02\x00\x01")
	h = be.AppendUint64(h, uint64(size))
	h = be.AppendUint64(h, 0) // constants
	h = be.AppendUint64(h, uint64(metadata))
	h = be.AppendUint64(h, 1_790_000_000_000_000_000)
	h = be.AppendUint64(h, 1_000_000_000)
	h = be.AppendUint64(h, 0)
	h = be.AppendUint64(h, 1_000_000_000)
	return append(h, 0, 0, 0, 1) // finished; integers are compressed
}

func varint(b []byte, v int) []byte { return binary.AppendUvarint(b, uint64(v)) }

// event frames a body whose size is written in five bytes.
func event(body []byte) []byte {
	n := len(body) + 5
	head := []byte{byte(n) | 0x80, byte(n>>7) | 0x80, byte(n>>14) | 0x80, byte(n>>21) | 0x80, byte(n >> 28)}
	return append(head, body...)
}

// element is one of the tree of metadata.
type element struct {
	name     string
	attrs    []string // key, value, ...
	children []element
}

// metadata writes the event: strings, then the tree.
func metadata(root element, more []string) []byte {
	index := map[string]int{}
	var texts []string
	at := func(s string) int {
		i, known := index[s]
		if !known {
			i = len(texts)
			index[s] = i
			texts = append(texts, s)
		}
		return i
	}
	var tree []byte
	var write func(e element)
	write = func(e element) {
		tree = varint(tree, at(e.name))
		tree = varint(tree, len(e.attrs)/2)
		for _, a := range e.attrs {
			tree = varint(tree, at(a))
		}
		tree = varint(tree, len(e.children))
		for _, c := range e.children {
			write(c)
		}
	}
	write(root)
	body := []byte{0, 1, 1, 1} // type, start, duration, id
	body = varint(body, len(texts)+len(more))
	for _, s := range append(texts, more...) {
		body = append(body, 3)
		body = varint(body, len(s))
		body = append(body, s...)
	}
	return event(append(body, tree...))
}

func class(id int, name string, fields ...element) element {
	return element{"class", []string{"id", strconv.Itoa(id), "name", name}, fields}
}

func field(name string, class int, attrs ...string) element {
	return element{"field", append([]string{"name", name, "class", strconv.Itoa(class)}, attrs...), nil}
}

func tree(classes ...element) element {
	return element{"root", nil, []element{{"metadata", nil, classes}}}
}

// stackTypes are those a sample of the CPU needs.
func stackTypes() element {
	return tree(
		class(10, "long"), class(11, "int"), class(12, "java.lang.String"), class(13, "boolean"),
		class(20, "jdk.types.Symbol", field("string", 12)),
		class(21, "jdk.types.Method", field("type", 24, "constantPool", "true"), field("name", 20, "constantPool", "true")),
		class(22, "jdk.types.StackFrame", field("method", 21, "constantPool", "true"), field("lineNumber", 11), field("type", 12)),
		class(23, "jdk.types.StackTrace", field("truncated", 13), field("frames", 22, "dimension", "1")),
		class(24, "java.lang.Class", field("name", 20, "constantPool", "true")),
		class(25, "java.lang.Thread", field("javaName", 12), field("osName", 12), field("osThreadId", 10), field("javaThreadId", 10)),
		class(30, "jdk.ExecutionSample", field("startTime", 10), field("sampledThread", 25, "constantPool", "true"), field("stackTrace", 23, "constantPool", "true"), field("state", 12)),
	)
}

// chunk writes a chunk of metadata and events.
func chunk(w *bufio.Writer, meta []byte, events []byte) error {
	const head = 68
	if _, err := w.Write(jfrHeader(int64(head+len(meta)+len(events)), head)); err != nil {
		return err
	}
	if _, err := w.Write(meta); err != nil {
		return err
	}
	_, err := w.Write(events)
	return err
}

// constants is a checkpoint of one pool: the number of constants it states, and their bytes.
func constants(class, count int, values []byte) []byte {
	body := []byte{1, 1, 1, 0, 0, 1} // type, start, duration, distance, mask, pools
	body = varint(body, class)
	body = varint(body, count)
	return event(append(body, values...))
}

// recordings are JFR files.
func recordings() []Input {
	meta := metadata(stackTypes(), nil)
	chunked := func(name string, events func(size float64) (meta, events []byte)) Input {
		return file(name, "", func(w *bufio.Writer, size float64) error {
			m, e := events(size)
			return chunk(w, m, e)
		})
	}
	return []Input{
		chunked("pool-count.jfr", func(float64) ([]byte, []byte) { return meta, constants(20, 1<<31-1, []byte{1, 3, 1, 'a'}) }),
		chunked("pool.jfr", func(size float64) ([]byte, []byte) {
			var values []byte
			n := scaled(16_000_000, size)
			for i := range n {
				values = append(varint(values, i), 0)
			}
			return meta, append(constants(20, n, values), sample(1, 1)...)
		}),
		chunked("symbols.jfr", func(size float64) ([]byte, []byte) {
			var values []byte
			n := scaled(2_200_000, size)
			for i := range n {
				s := strconv.Itoa(i)
				values = append(varint(values, i), 3, byte(len(s)))
				values = append(values, s...)
			}
			events := constants(20, n, values)
			var methods, stacks, samples []byte
			for i := range n {
				methods = varint(varint(varint(methods, i), 0), i)
				stacks = varint(append(varint(stacks, i), 0, 1), i)
				stacks = append(stacks, 1, 0)
				samples = append(samples, sample(i, i)...)
			}
			events = append(events, constants(21, n, methods)...)
			events = append(events, constants(23, n, stacks)...)
			return meta, append(events, samples...)
		}),
		chunked("threads.jfr", func(size float64) ([]byte, []byte) {
			var threads, samples []byte
			n := scaled(2_500_000, size)
			for i := range n {
				s := "thread-" + strconv.Itoa(i)
				threads = append(varint(threads, i), 3, byte(len(s)))
				threads = varint(varint(append(append(threads, s...), 0), i), i)
				samples = append(samples, sample(i, 0)...)
			}
			return meta, append(constants(25, n, threads), samples...)
		}),
		chunked("frames.jfr", func(size float64) ([]byte, []byte) {
			n := scaled(30_000_000, size)
			stacks := varint([]byte{1, 0}, n)
			for range n {
				stacks = append(stacks, 1, 1, 0)
			}
			return meta, append(constants(23, 1, stacks), sample(1, 1)...)
		}),
		chunked("word.jfr", func(size float64) ([]byte, []byte) {
			n := int(mb(90, size))
			values := append(varint([]byte{1, 3}, n), make([]byte, n)...)
			return meta, append(constants(20, 1, values), sample(1, 1)...)
		}),
		chunked("strings.jfr", func(size float64) ([]byte, []byte) {
			return metadata(stackTypes(), make([]string, scaled(1<<20-100, size))), sample(1, 1)
		}),
		chunked("types.jfr", func(size float64) ([]byte, []byte) {
			var classes []element
			for i := range scaled(16_000, size) {
				classes = append(classes, class(100+i, "t"+strconv.Itoa(i), field("a", 100+i), field("b", 101+i)))
			}
			return metadata(tree(classes...), nil), sample(1, 1)
		}),
		chunked("cyclic.jfr", func(float64) ([]byte, []byte) {
			m := metadata(tree(class(10, "long"), class(30, "jdk.ExecutionSample", field("a", 31), field("b", 31)), class(31, "x", field("a", 30), field("b", 30))), nil)
			return m, sample(1, 1)
		}),
		chunked("doubling.jfr", func(float64) ([]byte, []byte) {
			classes := []element{class(10, "long"), class(30, "jdk.ExecutionSample", field("a", 100), field("b", 100))}
			for i := range 60 {
				classes = append(classes, class(100+i, "t"+strconv.Itoa(i), field("a", 101+i), field("b", 101+i)))
			}
			return metadata(tree(append(classes, class(160, "boolean"))...), nil), sample(1, 1)
		}),
		chunked("empty-fields.jfr", func(float64) ([]byte, []byte) {
			m := metadata(tree(class(10, "long"), class(40, "nothing"), class(30, "jdk.ExecutionSample", field("stackTrace", 40, "dimension", "1"))), nil)
			return m, event(append([]byte{30}, varint(nil, 1<<31-1)...))
		}),
		chunked("nested.jfr", func(size float64) ([]byte, []byte) {
			root := element{name: "root"}
			for range scaled(500_000, size) {
				root = element{name: "class", children: []element{root}}
			}
			return metadata(root, nil), sample(1, 1)
		}),
		file("chunks.jfr", "", func(w *bufio.Writer, size float64) error {
			return copyOf(w, string(jfrHeader(68, 0)), mb(60, size)/68*68)
		}),
		file("claims.jfr", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.Write(jfrHeader(1<<60, 68)); err != nil {
				return err
			}
			return copyOf(w, "\x05\x1e\x01\x01\x01", mb(95, size))
		}),
		file("garbage.jfr", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.Write(jfrHeader(68, 0)); err != nil {
				return err
			}
			return copyOf(w, "FLR\x01FLR\x00\x00\x02", mb(60, size))
		}),
	}
}

// sample is an event of a thread on a stack.
func sample(thread, stack int) []byte {
	return event(append(varint(varint(varint([]byte{30}, 1), thread), stack), 0))
}
