package envelope

import (
	"bytes"
	"encoding/json"
)

// texts are the keys under which log drivers and shippers keep the line.
var texts = []string{"log", "message", "msg", "MESSAGE", "textPayload", "line", "_raw", "@message", "body"}

// Keys of the time of a line, and of the place it comes from: a key within an object follows it, "kubernetes.pod_name".
var (
	times  = [][]string{{"@timestamp"}, {"timestamp"}, {"time"}, {"_time"}, {"__REALTIME_TIMESTAMP"}, {"ts"}, {"date"}}
	places = [][]string{{"kubernetes", "pod_name"}, {"kubernetes", "pod", "name"}, {"resource", "labels", "pod_name"}, {"pod_name"}, {"pod"},
		{"container", "name"}, {"container_name"}, {"_HOSTNAME"}, {"host", "name"}, {"hostname"}, {"host"}, {"logStreamName"}, {"instance"}}
)

// wrappers are the keys of objects that log systems put around what was logged.
var wrappers = []string{"_source", "result", "fields", "log", "jsonPayload", "message", "event", "attributes", "data", "record"}

// Record is one line of a log system.
type Record struct {
	Text        []byte // nil: it has none; it may hold several lines
	Time, Place string
}

// Object reads an object of JSON.
func Object(b []byte) Record {
	var fields map[string]json.RawMessage
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &fields) != nil {
		return Record{}
	}
	return recordOf(fields, 2)
}

// recordOf looks for the text among the fields, then in the objects that may be around what was logged.
func recordOf(fields map[string]json.RawMessage, depth int) Record {
	r := Record{Time: stringAt(fields, times), Place: stringAt(fields, places)}
	if pid := stringAt(fields, [][]string{{"_PID"}}); pid != "" && r.Place != "" {
		r.Place += "/" + pid
	}
	for _, k := range texts {
		if raw, ok := fields[k]; ok {
			if text, ok := textOf(raw); ok {
				r.Text = text
				return r
			}
		}
	}
	for _, k := range wrappers {
		var inner map[string]json.RawMessage
		if raw := fields[k]; depth == 0 || len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &inner) != nil {
			continue
		}
		if found := recordOf(inner, depth-1); found.Text != nil {
			found.Time, found.Place = either(found.Time, r.Time), either(found.Place, r.Place)
			return found
		}
	}
	return r
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// textOf reads a string, or an array of bytes, which is how journalctl writes a line with control characters.
func textOf(raw json.RawMessage) ([]byte, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return append([]byte{}, bytes.TrimRight([]byte(text), "\r\n")...), len(raw) > 0 && raw[0] == '"'
	}
	codes := []byte{}
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	var numbers []int
	if json.Unmarshal(raw, &numbers) != nil {
		return nil, false
	}
	for _, n := range numbers {
		if n < 0 || n > 255 {
			return nil, false
		}
		codes = append(codes, byte(n))
	}
	return codes, true
}

// stringAt gives the first string, or number, at one of some paths.
func stringAt(fields map[string]json.RawMessage, paths [][]string) string {
	for _, path := range paths {
		at := fields
		for i, key := range path {
			raw, ok := at[key]
			if !ok {
				break
			}
			if i < len(path)-1 {
				var inner map[string]json.RawMessage
				if json.Unmarshal(raw, &inner) != nil {
					break
				}
				at = inner
				continue
			}
			var text string
			if json.Unmarshal(raw, &text) == nil && text != "" {
				return text
			}
			if len(raw) > 0 && isDigit(raw[0]) {
				return string(raw)
			}
		}
	}
	return ""
}

// fromJSON takes the text out of a line that is an object.
func fromJSON(b []byte) ([]byte, bool) {
	trimmed := bytes.TrimSpace(b)
	if trimmed[len(trimmed)-1] != '}' {
		return b, false
	}
	known := false
	for _, k := range texts {
		known = known || bytes.Contains(trimmed, []byte(`"`+k+`"`))
	}
	if !known {
		return b, false
	}
	r := Object(trimmed)
	if r.Text == nil {
		return b, false
	}
	return r.Text, true
}
