package settings

import (
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

// slowDisk is from where on a write of one page holds up a collection that anybody notices.
var slowDisk = analyze.NewLimit(float64(50*time.Millisecond/time.Millisecond), "ms", "of a write to the disk of the JVM's counters, 95 of 100 below",
	"JDK Mission Control: a forced write")

// largePagesMissed: the JVM resets the flag, and says so in its GC log, when it gets none.
func largePagesMissed(c *config) (sighting, bool) {
	s, ok := is("UseLargePages", "true")(c)
	if !ok {
		return s, false
	}
	s.to = "large pages that are reserved, or -XX:-UseLargePages"
	if f, listed := c.Flags["UseLargePages"]; listed && f.Value == "false" {
		return s, true
	}
	for _, l := range c.GC {
		if l.Settings.LargePages == gc.Off {
			s.evidence = append(s.evidence, analyze.Evidence{Entry: l.Source, Text: "Large Page Support: Disabled"})
			return s, true
		}
	}
	return s, false
}

func hugePagesSwitchedOff(c *config) (sighting, bool) {
	s, ok := is("UseTransparentHugePages", "true")(c)
	if !ok || c.node.Host == nil || c.node.Host.System.THP.Value != "never" {
		return s, false
	}
	s.evidence = append(s.evidence, cite.Known(cite.Ref(c.node.Host.System.THP.Ref, "transparent huge pages: never"))...)
	return s, true
}

// hugePagesAlways: with both at always a thread that touches memory moves pages together itself.
func hugePagesAlways(c *config) (s sighting, ok bool) {
	if c.node.Host == nil {
		return s, false
	}
	sys := &c.node.Host.System
	s.written = "always"
	s.detail = say.Text("transparent huge pages: %s, defrag: %s", sys.THP.Value, sys.THPDefrag.Value)
	s.evidence = cite.Known(cite.Ref(sys.THP.Ref, "transparent huge pages: "+sys.THP.Value), cite.Ref(sys.THPDefrag.Ref, "defrag: "+sys.THPDefrag.Value))
	return s, sys.THP.Value == "always" && sys.THPDefrag.Value == "always"
}

// countersOnDisk looks at the disk below /tmp, where hsperfdata lies whatever java.io.tmpdir says.
func countersOnDisk(c *config) (s sighting, ok bool) {
	if c.node.Host == nil || c.container() {
		return s, false
	}
	for _, off := range []condition{is("PerfDisableSharedMem", "true"), is("UsePerfData", "false")} {
		if _, ok := off(c); ok {
			return s, false
		}
	}
	fs := c.node.Host.FileSystemOf("/tmp")
	if fs == nil || fs.Kind != "disk" || fs.Disk == "" {
		return s, false
	}
	i := slices.IndexFunc(c.node.Host.Disks, func(d host.Disk) bool { return d.Name == fs.Disk })
	if i < 0 || c.node.Host.Disks[i].WriteLatency.P95 < slowDisk.Value {
		return s, false
	}
	d := &c.node.Host.Disks[i]
	took := say.Time("write", time.Duration(d.WriteLatency.P95*float64(time.Millisecond)))
	s.written, s.detail = "not set", say.Text("/tmp on %s, where a write takes up to %s", d.Name, took)
	s.evidence = cite.Known(cite.Ref(d.WriteLatency.Ref, "writes to "+d.Name+" take up to "+took.String()))
	return s, true
}
