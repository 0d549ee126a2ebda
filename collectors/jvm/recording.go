package jvm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	deadline "casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// JFR on a running JVM (JFR.start, JFR.check, JFR.dump, JFR.stop of jcmd). A
// recording that runs already is dumped and left as it is: a second one would add
// its events to the first, because the JVM keeps one set of settings for all.
const (
	jfrItem      = entries.ItemJFR
	jfrPrefix    = "casefile-jfr-"
	jfrSettings  = "settings.jfc"
	jfrFile      = "recording.jfr"
	jfrMaxSize   = 100 << 20 // of what a recording keeps on disk
	jfrLeastSize = 16 << 20
	maxRecording = 512 << 20 // of what is kept of one
	// jfrTail is how long after the planned end a recording of ours ends by itself
	// when nobody stops it.
	jfrTail = time.Minute
)

// Deadlines. The first JFR command loads JFR into the JVM: 0.5-2.6 s on a busy one, and
// many times that where each CPU has several tasks waiting.
const (
	jfrCheckWithin = 15 * time.Second
	jfrStartWithin = 30 * time.Second
	jfrStopWithin  = 5 * time.Second
)

// recording is what is recorded during a capture.
type recording struct {
	name    string   // of ours; empty when others are used
	others  []string // names of those that ran already
	scratch string   // folder of ours, as the JVM sees it
	began   time.Time
}

// checked is one line of JFR.check:
//
//	Recording 1: name=cust maxsize=50.0MB (running)
//	Recording: recording=1 name="cust" (running)      Oracle 7 and 8
type checked struct{ name, state string }

func parseRecordings(text string) []checked {
	var list []checked
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		open := strings.LastIndexByte(line, '(')
		_, rest, named := strings.Cut(line, "name=")
		if !strings.HasPrefix(line, "Recording") || !named || open < 0 || !strings.HasSuffix(line, ")") {
			continue
		}
		rest = strings.TrimSpace(strings.TrimSuffix(rest, line[open:]))
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			rest, _, _ = strings.Cut(quoted, `"`)
		}
		// a name may hold blanks; what follows it is name=value
		words := strings.Fields(rest)
		for len(words) > 1 && strings.Contains(words[len(words)-1], "=") {
			words = words[:len(words)-1]
		}
		list = append(list, checked{name: strings.Join(words, " "), state: strings.Trim(line[open:], "()")})
	}
	return list
}

// recordings lists the JVM's.
func (j *JVM) recordings(ctx context.Context) ([]checked, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, jfrCheckWithin, fmt.Errorf("%v", jfrCheckWithin))
	defer cancel()
	text, err := j.vm.Jcmd(ctx, "JFR.check")
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(text), "can not be enabled") { // a run-time image without the module jdk.jfr
		return nil, fmt.Errorf("%w: %s", errNoJFR, firstLine(text))
	}
	return parseRecordings(string(text)), nil
}

var errNoJFR = entries.NewError(entries.Unsupported, "the JVM cannot record")

// noJFR tells that a JVM answered, but knows no JFR.
func noJFR(err error) bool {
	var refused *ErrRefused
	return errors.As(err, &refused) || errors.Is(err, errNoJFR)
}

// recordingOn begins to record, or finds what is recorded already. It returns nil
// when there is nothing to end.
func (c *capture) recordingOn(ctx context.Context) *recording {
	if c.Plan.Profiles == nil {
		c.Skip(jfrItem, entries.Costly, "JFR costs a JVM up to 1 % of its CPU, and about a second of one thread at the start", "--jfr")
		return nil
	}
	if n, err := c.RemoveAbandonedRecordings(ctx); err != nil {
		c.LostFor(jfrItem, err, explainFix(err))
		return nil
	} else if n > 0 {
		c.Tell("cleanup", 0, 0, "removed what %d casefile that was killed had recorded", n)
	}
	began := time.Now()
	list, err := c.recordings(ctx)
	c.Cost(time.Since(began), 0, "")
	switch {
	case noJFR(err):
		c.Absent(jfrItem, entries.Unsupported, "this JVM has no JFR ("+err.Error()+"): the thread dumps tell where time goes")
		return nil
	case err != nil:
		c.LostFor(jfrItem, err, explainFix(err))
		c.blackBox(ctx)
		return nil
	}
	r := &recording{}
	for _, x := range list {
		if x.state == "running" && !strings.HasPrefix(x.name, jfrPrefix) { // one of another capture may end before this one does
			r.others = append(r.others, x.name)
		}
	}
	if len(r.others) > 0 {
		c.Skip(entries.ItemJFRSettings, entries.Refused, fmt.Sprintf("the recording %s ran already and is used as it is: its settings decide what is in it", strings.Join(r.others, ", ")),
			"end it (jcmd PID JFR.stop) before the capture")
		c.tellBlindness()
		return r
	}
	return c.startRecording(ctx)
}

// startRecording starts one of ours. It ends by itself, into a folder that the next
// run or doctor removes, when we cannot end it.
func (c *capture) startRecording(ctx context.Context) *recording {
	size, err := c.roomFor()
	if err != nil {
		c.LostFor(jfrItem, err, "free some space there")
		return nil
	}
	r := &recording{name: c.scratchName(jfrPrefix)}
	if r.scratch, err = c.makeScratch(r.name, map[string][]byte{jfrSettings: settingsFile(c.Major, *c.Plan.Profiles, c.asyncDir != "")}); err != nil {
		c.LostErr(jfrItem, fmt.Errorf("folder for the recording in the JVM's %s: %w", scratchDir, err))
		return nil
	}
	length := max(time.Until(c.End()), 0) + jfrTail
	ctx, cancel := context.WithTimeoutCause(ctx, jfrStartWithin, fmt.Errorf("%v", jfrStartWithin))
	defer cancel()
	text, _, err := c.ask(ctx, "jcmd", fmt.Sprintf("JFR.start name=%s settings=%s disk=true maxsize=%dm duration=%ds filename=%s",
		r.name, path.Join(r.scratch, jfrSettings), size>>20, int(length.Seconds())+1, path.Join(r.scratch, jfrFile)))
	if err == nil && strings.Contains(string(text), "unlock_commercial_features") {
		c.Absent(jfrItem, entries.NotPermitted, "JFR of this JVM needs a commercial licence, which its owner has not switched on: the thread dumps tell where time goes")
		c.dropScratch(r.scratch, entries.ItemJFROff)
		return nil
	}
	if err == nil && !strings.Contains(string(text), "Started recording") {
		err = entries.Errorf(entries.Refused, "JFR did not start: %s", firstLine(text))
	}
	if err != nil {
		c.LostFor(jfrItem, err, explainFix(err))
		if errors.Is(err, ErrNoAnswer) {
			return r // it may start late
		}
		c.dropScratch(r.scratch, entries.ItemJFROff)
		return nil
	}
	r.began = time.Now()
	if late := r.began.Sub(c.Start()); late > time.Duration(c.Plan.Duration)/5 {
		c.Skip(entries.ItemJFRStart, entries.TimedOut, fmt.Sprintf("JFR was slow to start in this JVM: the recording begins %v after the capture", late.Round(100*time.Millisecond)), "capture for longer (--duration)")
	}
	c.tellBlindness()
	c.Tell("recording", 0, 0, "JFR")
	return r
}

// tellBlindness notes that JFR of JDK 8 drops the samples that it takes where the compiled code has no debug information, so in most
// loops: of a program that ran in two of them all the time 12 of 600 were left, and with the option 544. Later JDKs set it for JFR.
func (c *capture) tellBlindness() {
	if on, _ := c.Flag("DebugNonSafepoints"); c.Major != 8 || on || c.asyncDir != "" {
		return
	}
	if f := c.Plan.Profiles.Focus; f == "" || f == plan.CPU {
		c.Skip(entries.ItemJFRSamples, entries.Unsupported, "JFR of JDK 8 drops most CPU samples of compiled loops: its CPU profile shows too little of them, and too much of other code",
			"start the JVM with -XX:+UnlockDiagnosticVMOptions -XX:+DebugNonSafepoints, or use --async-profiler")
	}
}

// roomFor is how large a recording may become: the JVM keeps it once in its
// repository and once in the file that it writes at the end.
func (c *capture) roomFor() (int64, error) {
	free, known := c.freeScratch()
	if !known {
		return jfrMaxSize, nil
	}
	if free < 4*jfrLeastSize {
		return 0, entries.Errorf(entries.NoSpace, "%s of the JVM has %d MB free, a recording needs %d MB", scratchDir, free>>20, 4*jfrLeastSize>>20)
	}
	return min(jfrMaxSize, free/4), nil
}

// recordingOff ends what recordingOn began and keeps what was recorded. It does so
// also when the capture was ended early.
func (c *capture) recordingOff(ctx context.Context, r *recording) {
	if r == nil {
		return
	}
	last, stop := deadline.Afterwards(ctx) // a JVM that does not answer ends the recording by itself
	defer stop()
	ctx, cancel := context.WithTimeoutCause(last, jfrStopWithin, fmt.Errorf("%v", jfrStopWithin))
	defer cancel()
	began := c.Start()
	var err error
	if r.name != "" {
		err = c.stopRecording(ctx, r)
	} else {
		err = c.dumpOthers(ctx, r)
	}
	if err == nil {
		err = c.keepRecording(r, began)
	}
	if err == nil {
		c.dropScratch(r.scratch, entries.ItemJFROff)
		return
	}
	fix := explainFix(err)
	if r.name != "" {
		c.Lost(entries.ItemJFROff, entries.CauseOf(err), fmt.Sprintf("the recording %s may still run: %v. It ends by itself %v after the capture", r.name, err, jfrTail),
			fmt.Sprintf("casefile doctor --pid %d, when the JVM answers again", c.PID))
	}
	c.LostFor(jfrItem, err, fix)
	c.blackBox(ctx)
}

// stopRecording ends ours; the JVM writes it into our folder.
func (c *capture) stopRecording(ctx context.Context, r *recording) error {
	text, _, err := c.ask(ctx, "jcmd", "JFR.stop name="+r.name)
	if err == nil && !strings.Contains(string(text), "Stopped recording") {
		err = entries.Errorf(entries.Refused, "JFR did not stop: %s", firstLine(text))
	}
	return err
}

// dumpOthers has what runs already written into a folder of casefile's own.
func (c *capture) dumpOthers(ctx context.Context, r *recording) error {
	if _, err := c.roomFor(); err != nil {
		return err
	}
	var err error
	if r.scratch, err = c.makeScratch(c.scratchName(jfrPrefix), nil); err != nil {
		return err
	}
	age := time.Since(c.Start()) + time.Second
	text, _, err := c.ask(ctx, "jcmd", fmt.Sprintf("JFR.dump filename=%s begin=-%ds", path.Join(r.scratch, jfrFile), int(age.Seconds())+1))
	if err == nil && !strings.Contains(string(text), "Dumped recording") {
		err = entries.Errorf(entries.Refused, "JFR did not write what it recorded: %s", firstLine(text))
	}
	if err != nil && !errors.Is(err, ErrNoAnswer) {
		c.dropScratch(r.scratch, entries.ItemJFROff)
	}
	return err
}

// keepRecording streams the file that the JVM wrote into the bundle.
func (c *capture) keepRecording(r *recording, began time.Time) error {
	file := path.Join(r.scratch, jfrFile)
	f, err := c.Tree.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	source := "JFR recording of casefile"
	if len(r.others) > 0 {
		source = "JFR.dump of recording " + strings.Join(r.others, ", ")
	}
	return c.copyRecording(collectors.Evidence{Name: entries.Recording.Of("recording"), Item: jfrItem, Source: source, Started: began}, f)
}

// copyRecording keeps a recording, of which the JVM alone says how long it is.
func (c *capture) copyRecording(e collectors.Evidence, f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() > maxRecording {
		e.Truncated = fmt.Sprintf("the first %d of %d MB", maxRecording>>20, st.Size()>>20)
		c.Lost(e.Item+"-rest", entries.TooLarge, fmt.Sprintf("the recording has %d MB: the first %d MB are kept", st.Size()>>20, maxRecording>>20), "end older recordings of the JVM (jcmd PID JFR.stop) before the capture")
	}
	c.Copy(e, io.LimitReader(f, maxRecording)) // tells the ledger itself
	return nil
}

// RemoveAbandonedRecordings ends and deletes what killed casefiles recorded in this
// JVM and returns how many there were. The JVM is asked only when a folder shows it.
// What they left of JVMs that have ended is deleted too.
func (j *JVM) RemoveAbandonedRecordings(ctx context.Context) (int, error) {
	if err := j.removeAbandoned(asyncPrefix, virtualPrefix); err != nil {
		return 0, err
	}
	folders := j.abandonedScratch(jfrPrefix)
	var list []checked
	if slices.ContainsFunc(folders, j.madeFor) {
		var err error
		if list, err = j.recordings(ctx); err != nil && !noJFR(err) {
			return 0, err
		}
	}
	removed := 0
	for _, folder := range folders {
		for _, x := range list {
			if x.name == path.Base(folder) && x.state == "running" {
				if err := j.end(ctx, x.name); err != nil {
					return removed, err
				}
			}
		}
		if err := j.removeScratch(folder); err != nil {
			return removed, err
		}
		if j.madeFor(folder) {
			removed++
		}
	}
	return removed, nil
}

func (j *JVM) end(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, jfrStopWithin, fmt.Errorf("%v", jfrStopWithin))
	defer cancel()
	_, err := j.vm.Jcmd(ctx, "JFR.stop name="+name)
	return err
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return strconv.QuoteToGraphic(line[:min(len(line), 300)])
}
