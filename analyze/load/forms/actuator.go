package forms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// actuatorThread is one thread of Spring Boot's GET /actuator/threaddump, which is java.lang.management.ThreadInfo in JSON.
type actuatorThread struct {
	Name       string          `json:"threadName"`
	ID         int64           `json:"threadId"`
	State      string          `json:"threadState"`
	LockName   string          `json:"lockName"`
	OwnerID    int64           `json:"lockOwnerId"`
	OwnerName  string          `json:"lockOwnerName"`
	Stack      []actuatorFrame `json:"stackTrace"`
	Monitors   []actuatorLock  `json:"lockedMonitors"`
	Ownable    []actuatorLock  `json:"lockedSynchronizers"`
	Daemon     bool            `json:"daemon"`
	Priority   int             `json:"priority"`
	Suspended  bool            `json:"suspended"`
	InNative   bool            `json:"inNative"`
	LockedInfo *actuatorLock   `json:"lockInfo"`
}

type actuatorFrame struct {
	Class  string `json:"className"`
	Method string `json:"methodName"`
	File   string `json:"fileName"`
	Line   int    `json:"lineNumber"`
	Native bool   `json:"nativeMethod"`
}

type actuatorLock struct {
	Class string `json:"className"`
	Hash  uint32 `json:"identityHashCode"`
	Depth int    `json:"lockedStackDepth"`
}

func (l *actuatorLock) String() string { return fmt.Sprintf("%s@%x", l.Class, l.Hash) }

// inActuator is a dump of Spring Boot's actuator; its threads are written as ThreadInfo.toString does.
func inActuator(head []byte) start {
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' || !bytes.Contains(head, []byte(`"threadName"`)) || !bytes.Contains(head, []byte(`"stackTrace"`)) {
		return nil
	}
	return threadsInJSON
}

func threadsInJSON() step {
	var dec *json.Decoder
	return func(p *puller) error {
		if dec == nil {
			dec = json.NewDecoder(p.in)
			if err := toThreads(dec); err != nil {
				return err
			}
		}
		if !dec.More() {
			return io.EOF
		}
		var t actuatorThread
		if err := dec.Decode(&t); err != nil {
			return fmt.Errorf("threads in JSON: %w", err)
		}
		t.print(&p.buf)
		return nil
	}
}

// toThreads reads up to the first element of "threads".
func toThreads(dec *json.Decoder) error {
	for {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		if key, ok := tok.(string); ok && key == "threads" {
			_, err := dec.Token()
			return err
		}
	}
}

func (t *actuatorThread) print(w io.Writer) {
	daemon := ""
	if t.Daemon {
		daemon = " daemon"
	}
	fmt.Fprintf(w, "%q%s prio=%d Id=%d %s", t.Name, daemon, max(t.Priority, 1), t.ID, t.State)
	switch {
	case t.LockedInfo != nil:
		fmt.Fprintf(w, " on %s", t.LockedInfo)
	case t.LockName != "":
		fmt.Fprintf(w, " on %s", t.LockName)
	}
	if t.OwnerName != "" {
		fmt.Fprintf(w, " owned by %q Id=%d", t.OwnerName, t.OwnerID)
	}
	fmt.Fprintln(w)
	for depth, f := range t.Stack {
		place := "Unknown Source"
		switch {
		case f.Native:
			place = "Native Method"
		case f.File != "":
			place = fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		fmt.Fprintf(w, "\tat %s.%s(%s)\n", f.Class, f.Method, place)
		for i := range t.Monitors {
			if t.Monitors[i].Depth == depth {
				fmt.Fprintf(w, "\t-  locked %s\n", &t.Monitors[i])
			}
		}
	}
	if len(t.Ownable) > 0 {
		fmt.Fprintf(w, "\n\tNumber of locked synchronizers = %d\n", len(t.Ownable))
		for i := range t.Ownable {
			fmt.Fprintf(w, "\t- %s\n", &t.Ownable[i])
		}
	}
	fmt.Fprintln(w)
}
