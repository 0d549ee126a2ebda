package jvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	deadline "casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
)

// A JVM that writes no GC log gets one of ours for the length of the capture:
// VM.log adds an output and takes it away again without touching the JVM's own.
// The output's name carries the pid and start time of the casefile that asked
// for it, so that a later run knows one whose owner was killed.
const (
	ownLogPrefix = "casefile-gc-"
	ownLogSize   = 20 << 20 // for all files of the series
	ownLogWhat   = "gc*=info,safepoint=info"
	ownLogSpace  = 4 * ownLogSize
)

// logOutput is one line of VM.log list:
//
//	#2: file=/tmp/x.log gc*=info uptime,level,tags filecount=2,filesize=10M
type logOutput struct{ number, name, rest string }

func parseLogList(text string) []logOutput {
	var outs []logOutput
	for line := range strings.Lines(text) {
		number, rest, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || !strings.HasPrefix(number, "#") {
			continue
		}
		if _, err := strconv.Atoi(number[1:]); err != nil {
			continue
		}
		name, rest, _ := strings.Cut(rest, " ")
		if quoted, ok := strings.CutPrefix(name, `file="`); ok { // a name with blanks
			full, after, _ := strings.Cut(quoted+" "+rest, `"`)
			name, rest = "file="+full, strings.TrimSpace(after)
		}
		outs = append(outs, logOutput{number, strings.TrimPrefix(name, "file="), rest})
	}
	return outs
}

func (o logOutput) ours() bool { return strings.HasPrefix(filepath.Base(o.name), ownLogPrefix) }

// writesGC reports whether the output takes in GC messages: its selections come
// first, e.g. "all=warning,gc=info".
func (o logOutput) writesGC() bool {
	what, _, _ := strings.Cut(o.rest, " ")
	for sel := range strings.SplitSeq(what, ",") {
		tags, level, _ := strings.Cut(sel, "=")
		if (tags == "gc" || tags == "gc*" || strings.HasPrefix(tags, "gc+") || tags == "all") &&
			(level == "info" || level == "debug" || level == "trace") {
			return true
		}
	}
	return false
}

// makeOwnLog makes a folder for an output of this casefile process and names the output in
// it. In /tmp itself another user could have put a link there, for the JVM to write through.
func (j *JVM) makeOwnLog() (string, error) {
	name := j.scratchName(ownLogPrefix)
	folder, err := j.makeScratch(name, nil)
	return path.Join(folder, name+".log"), err
}

// RemoveAbandonedLogs takes away GC logs that a killed casefile left switched on
// and returns how many there were.
func (j *JVM) RemoveAbandonedLogs(ctx context.Context) (int, error) {
	body, err := j.vm.Jcmd(ctx, "VM.log list")
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, o := range parseLogList(string(body)) {
		if !o.ours() || !abandoned(o.name, ownLogPrefix) {
			continue
		}
		if err := j.logOff(ctx, o.name); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, j.removeLogs(removed > 0 || !strings.Contains(string(body), ownLogPrefix))
}

// removeLogs deletes what casefile processes that have ended left in the JVM's /tmp:
// logs of JVMs that have ended, and, once no output writes to them, those of this one.
func (j *JVM) removeLogs(safe bool) error {
	for _, folder := range j.abandonedScratch(ownLogPrefix) {
		if safe || !j.madeFor(folder) {
			if err := j.removeScratch(folder); err != nil && !errors.Is(err, fs.ErrNotExist) { // another casefile may be at it
				return err
			}
		}
	}
	return nil
}

// gcLogOn switches a GC log on where the JVM writes none. It returns the name of
// ours, empty when there is none.
func (c *capture) gcLogOn(ctx context.Context) string {
	const item = entries.ItemGCLog
	if c.Major > 0 && c.Major < 9 {
		if len(c.gcLogPatterns()) == 0 {
			c.Skip(item, entries.Unsupported, fmt.Sprintf("this JVM writes no GC log and JDK %d cannot start one at run time", c.Major), "start it with -Xloggc:<file> -XX:+PrintGCDetails -XX:+PrintGCDateStamps")
		}
		return ""
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Second, fmt.Errorf("2s"))
	defer cancel()
	if n, err := c.RemoveAbandonedLogs(ctx); n > 0 {
		c.Tell("cleanup", 0, 0, "switched off %d GC log of a casefile that was killed", n)
	} else if err != nil {
		c.LostFor(item, err, explainFix(err))
		return ""
	}
	body, _, err := c.ask(ctx, "jcmd", "VM.log list")
	if err != nil {
		c.LostFor(item, err, explainFix(err))
		return ""
	}
	for _, o := range parseLogList(string(body)) {
		if !o.ours() && o.writesGC() {
			return c.useOwnOutput(o)
		}
	}
	if free, ok := c.freeScratch(); ok && free < ownLogSpace {
		c.Lost(item, entries.NoSpace, fmt.Sprintf("%s of the JVM has %d MB free, a log of casefile needs %d MB", scratchDir, free>>20, ownLogSpace>>20), "free some space there")
		return ""
	}
	name, err := c.makeOwnLog()
	if err != nil {
		c.LostErr(item, fmt.Errorf("folder for a log in the JVM's %s: %w", scratchDir, err))
		return ""
	}
	_, _, err = c.ask(ctx, "jcmd", fmt.Sprintf(`VM.log output=%s what=%s decorators=time,uptime,level,tags output_options="filecount=1,filesize=%dM"`, name, ownLogWhat, ownLogSize/2>>20))
	if err != nil {
		c.LostFor(item, err, explainFix(err))
		if !errors.Is(err, ErrNoAnswer) { // else it may start late, and the next run or doctor removes it
			c.dropScratch(path.Dir(name), entries.ItemGCLogOff)
		}
		return ""
	}
	return name
}

// useOwnOutput notes where the JVM itself writes GC messages. A file that its
// arguments do not name (set through jcmd) is added to them.
func (c *capture) useOwnOutput(o logOutput) string {
	if path, ok := strings.CutPrefix(o.name, "/"); ok {
		c.Options = append(c.Options, "-Xlog:gc*:file=/"+path)
	}
	return ""
}

// gcLogOff takes our log away, keeps what it holds and removes its files. It
// does so also when the capture was ended early.
func (c *capture) gcLogOff(ctx context.Context, name string) {
	if name == "" {
		return
	}
	last, stop := deadline.Afterwards(ctx)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(last, 3*time.Second, fmt.Errorf("3s"))
	defer cancel()
	left := budget(ownLogSize)
	err := c.logOff(ctx, name)
	files, _ := c.Tree.Glob(name + "*")
	c.copyFiles(ctx, entries.ItemGCLog, entries.GCLog, files, &left, map[string]int{}, math.MaxInt64)
	if err != nil {
		c.Lost(entries.ItemGCLogOff, entries.CauseOf(err), fmt.Sprintf("the GC log that casefile switched on (%s in the JVM's file system) is still on: %v", name, err),
			fmt.Sprintf("casefile doctor --pid %d, when the JVM answers again", c.PID))
		return
	}
	c.dropScratch(path.Dir(name), entries.ItemGCLogOff)
}

// logOff takes one output away, by name: "VM.log disable" would take away the
// customer's too.
func (j *JVM) logOff(ctx context.Context, name string) error {
	_, err := j.vm.Jcmd(ctx, fmt.Sprintf("VM.log output=%s what=all=off", name))
	return err
}
