package sessions

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode writes a snapshot with the current version.
func (s *Snapshot) Encode() ([]byte, error) {
	head := *s
	head.Version = Version
	head.Sessions = []Session{}
	return encode(&head, s.Sessions)
}

// Encode writes statements with the current version.
func (s *Statements) Encode() ([]byte, error) {
	head := *s
	head.Version = Version
	head.Statements = []Statement{}
	return encode(&head, s.Statements)
}

// emptyList ends a document whose last field is a list without elements.
const emptyList = "[]\n}\n"

// encode puts each element of the list that ends the document on a line of its own, and each field before it.
func encode[T any](head any, list []T) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(head); err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	var fields bytes.Buffer
	if err := spread(&fields, b.Bytes()); err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	if len(list) == 0 {
		return fields.Bytes(), nil
	}
	fields.Truncate(fields.Len() - len(emptyList))
	fields.WriteString("[")
	for i := range list {
		b.Reset()
		if err := enc.Encode(list[i]); err != nil {
			return nil, fmt.Errorf("sessions: %w", err)
		}
		if i > 0 {
			fields.WriteByte(',')
		}
		fields.WriteString("\n  ")
		fields.Write(bytes.TrimSuffix(b.Bytes(), []byte{'\n'}))
	}
	fields.WriteString("\n ]\n}\n")
	return fields.Bytes(), nil
}

// spread writes each field of an object on a line of its own.
func spread(out *bytes.Buffer, object []byte) error {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for first := true; dec.More(); first = false {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if first {
			out.WriteString("{\n")
		} else {
			out.WriteString(",\n")
		}
		fmt.Fprintf(out, " %q: %s", key, value)
	}
	out.WriteString("\n}\n")
	return nil
}
