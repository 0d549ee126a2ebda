package jvm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// async-profiler is loaded through the attach command "load" as an agent library, and
// told what to do by the agent's argument (its docs/ProfilingModes, arguments.cpp). It
// answers with the agent's return code: 0, or 100 and above with a line in its log.
const (
	asyncItem   = entries.ItemAsyncProfiler
	asyncPrefix = "casefile-async-"
	asyncFile   = "async.jfr"
	asyncLog    = "async.log"
	asyncWithin = 5 * time.Second
)

// asyncEvents are its arguments for each focus. It has no profile of I/O.
var asyncEvents = map[string]string{
	"":         "event=cpu,interval=20ms,alloc=512k,lock=10ms",
	plan.CPU:   "event=cpu,interval=10ms",
	plan.Wall:  "event=wall,interval=50ms",
	plan.Alloc: "event=alloc,alloc=64k",
	plan.Lock:  "event=lock,lock=1ms",
}

// asyncOn starts async-profiler where the plan names its library. It returns the
// folder that it writes into; empty when it does not run.
func (c *capture) asyncOn(ctx context.Context) string {
	if c.Plan.Profiles == nil || c.Plan.Profiles.AsyncProfiler == "" {
		return ""
	}
	lib := c.Plan.Profiles.AsyncProfiler
	events, ok := asyncEvents[c.Plan.Profiles.Focus]
	if !ok {
		c.Absent(asyncItem, entries.Unsupported, "async-profiler has no profile of "+c.Plan.Profiles.Focus+": JFR has")
		return ""
	}
	if err := c.checkLibrary(lib); err != nil {
		c.LostFor(asyncItem, err, "name a library that the JVM can read and only root, its owner or you can change")
		return ""
	}
	if _, err := c.roomFor(); err != nil {
		c.LostFor(asyncItem, err, "free some space there")
		return ""
	}
	folder, err := c.makeScratch(c.scratchName(asyncPrefix), nil)
	if err != nil {
		c.LostErr(asyncItem, err)
		return ""
	}
	length := int((max(time.Until(c.End()), 0) + jfrTail).Seconds())
	start := func(events string) error {
		return c.async(ctx, folder, fmt.Sprintf("start,%s,jfr,timeout=%d,file=%s,log=%s", events, length, path.Join(folder, asyncFile), path.Join(folder, asyncLog)))
	}
	err = start(events)
	var refused *asyncRefusal
	if few := withoutAlloc(events); few != "" && errors.As(err, &refused) {
		c.Skip(asyncItem+"-alloc", entries.CauseOf(err), err.Error(), "allocations before JDK 11 need the debug symbols of the JVM's library")
		err = start(few)
	}
	if err != nil && !errors.Is(err, ErrNoAnswer) {
		c.LostFor(asyncItem, err, explainFix(err))
		c.dropScratch(folder, entries.ItemAsyncOff)
		return ""
	}
	c.Tell("recording", 0, 0, "async-profiler")
	return folder
}

// checkLibrary refuses what somebody else could have put there.
func (c *capture) checkLibrary(lib string) error {
	f, err := c.Tree.Open(lib)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if owner := ownerOf(st); st.Mode()&0o022 != 0 || owner != 0 && owner != c.UID {
		return entries.Errorf(entries.NotPermitted, "%s can be changed by others (%v, owner %d)", lib, st.Mode().Perm(), owner)
	}
	return nil
}

// async gives one command to the library.
func (c *capture) async(ctx context.Context, folder, command string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, asyncWithin, fmt.Errorf("%v", asyncWithin))
	defer cancel()
	lib := c.Plan.Profiles.AsyncProfiler
	body, _, err := c.ask(ctx, "load", lib, "true", command)
	if err != nil {
		return err
	}
	code, err := loadCode(body)
	switch {
	case err != nil:
		return fmt.Errorf("load %s: %w", lib, err)
	case code != 0:
		said, _ := c.Tree.ReadFile(path.Join(folder, asyncLog), maxArgFile)
		return &asyncRefusal{code, complaint(said)}
	}
	return nil
}

// asyncRefusal is what the library says of a command that it does not carry out.
type asyncRefusal struct {
	code int
	text string
}

func (r *asyncRefusal) Error() string {
	return fmt.Sprintf("async-profiler refused (code %d): %s", r.code, r.text)
}

// Cause makes a refusal known to the ledger.
func (r *asyncRefusal) Cause() entries.Cause { return entries.Refused }

// complaint is the line of its log that tells why: an error, else the first one, which may be a warning.
func complaint(log []byte) string {
	for line := range bytes.Lines(log) {
		if bytes.HasPrefix(line, []byte("[ERROR]")) {
			return firstLine(line)
		}
	}
	return firstLine(log)
}

// withoutAlloc leaves allocations out of events; "" where nothing else is among them.
func withoutAlloc(events string) string {
	rest := slices.DeleteFunc(strings.Split(events, ","), func(o string) bool { return strings.HasPrefix(o, "alloc=") })
	if kept := strings.Join(rest, ","); kept != events && kept != "event=alloc" {
		return kept
	}
	return ""
}

// loadCode reads the reply to "load": "return code: 0", or "0" alone before JDK 9;
// anything else is why the library was not loaded.
func loadCode(body []byte) (int, error) {
	text := strings.TrimSpace(string(body))
	code, err := strconv.Atoi(strings.TrimPrefix(text, "return code: "))
	if err != nil {
		return 0, entries.NewError(entries.Refused, firstLine(body))
	}
	return code, nil
}

// asyncOff ends it and keeps what it wrote. It ends by itself when we cannot.
func (c *capture) asyncOff(ctx context.Context, folder string) {
	if folder == "" {
		return
	}
	began := c.Start()
	err := c.async(context.WithoutCancel(ctx), folder, "stop,log="+path.Join(folder, asyncLog))
	if err != nil {
		c.LostFor(asyncItem, err, explainFix(err))
	}
	f, err := c.Tree.Open(path.Join(folder, asyncFile))
	if err != nil {
		c.LostErr(asyncItem, err)
		return
	}
	defer f.Close()
	if err := c.copyRecording(collectors.Evidence{Name: entries.Recording.Of("async"), Item: asyncItem, Source: c.Plan.Profiles.AsyncProfiler, Started: began}, f); err != nil {
		c.LostErr(asyncItem, err)
	}
	if errors.Is(err, ErrNoAnswer) {
		return // it may yet end, and writes into the JVM's own output where the folder is gone; the next run or doctor removes it
	}
	c.dropScratch(folder, entries.ItemAsyncOff)
}
