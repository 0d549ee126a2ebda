package jvm

import (
	"context"
	"fmt"
	"time"
)

// Check is one thing that was looked at before a capture, and its fix if it failed.
type Check struct {
	Target string `json:"target"`
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
	Fix    string `json:"fix,omitempty"`
}

// Diagnose tells what a capture of this JVM would and would not get, and takes
// away what a killed casefile left switched on in it.
func (j *JVM) Diagnose(ctx context.Context) []Check {
	ctx, cancel := context.WithTimeoutCause(ctx, 8*time.Second, fmt.Errorf("8s"))
	defer cancel()
	var list []Check
	add := func(name string, err error, good, fix string) {
		c := Check{Target: j.Target(), Name: name, OK: err == nil, Detail: good, Fix: fix}
		if err != nil {
			c.Detail = err.Error()
			if c.Fix == "" {
				c.Fix = explainFix(err)
			}
		} else {
			c.Fix = ""
		}
		list = append(list, c)
	}
	if err := j.mayAttach(); err != nil {
		add("attach", err, "", j.help())
		return list
	}
	add("version", versionKnown(j), j.Version, "")
	if _, err := j.readPerf(); err != nil {
		add("counters", err, "", "remove -XX:-UsePerfData or -XX:+PerfDisableSharedMem from the JVM's options")
	} else {
		add("counters", nil, "hsperfdata is readable", "")
	}
	fix, err := j.seesWaits()
	add("waits", err, "the system calls of its threads are readable", fix)
	began := time.Now()
	_, err = j.vm.Jcmd(ctx, "VM.uptime")
	add("attach", err, fmt.Sprintf("answered in %v", time.Since(began).Round(time.Millisecond)), "")
	if err != nil {
		return list
	}
	if free, ok := j.freeScratch(); ok && free < ownLogSpace {
		add("space", fmt.Errorf("%s of the JVM has %d MB free, a GC log of casefile needs %d MB", scratchDir, free>>20, ownLogSpace>>20), "", "free some space there")
	}
	if j.Major == 0 || j.Major >= 9 {
		n, err := j.RemoveAbandonedLogs(ctx)
		switch {
		case err != nil:
			add("leftovers", err, "", "")
		case n > 0:
			add("leftovers", nil, fmt.Sprintf("switched off %d GC log that a killed casefile had left on", n), "")
		}
	}
	switch n, err := j.RemoveAbandonedRecordings(ctx); {
	case err != nil:
		add("leftovers", err, "", "")
	case n > 0:
		add("leftovers", nil, fmt.Sprintf("removed %d JFR recording that a killed casefile had left behind", n), "")
	}
	if len(j.gcLogPatterns()) == 0 && j.Major > 0 && j.Major < 9 {
		add("gc-log", fmt.Errorf("this JVM writes no GC log, and JDK %d cannot start one at run time", j.Major), "", "-Xloggc:<file> -XX:+PrintGCDetails -XX:+PrintGCDateStamps")
	}
	return list
}

func versionKnown(j *JVM) error {
	if j.Version == "" {
		return fmt.Errorf("the JVM's version could not be read")
	}
	return nil
}
