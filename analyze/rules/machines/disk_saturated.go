package machines

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	diskBusy = analyze.NewLimit(90.0, "%", "time in which the disk is busy", "own judgement: hardly any idle "+
		"time is left")
	diskLatency  = analyze.NewLimit(15.0, "ms", "one request", "Atlassian: local disk write good below 5, bad above 15")
	diskPressure = analyze.NewLimit(
		20.0,
		"%",
		"time in which some task waited for I/O",
		"own judgement: a fifth of the time",
	)
)

var diskSaturated = &analyze.Rule{
	ID:     ids.DiskSaturated,
	Doc:    "A disk is busy all the time, its requests are slow, and work waits for them.",
	Needs:  needsHost,
	Fix:    "Find who writes; move it to another disk, or take a faster one.",
	Limits: []analyze.Threshold{diskBusy, diskLatency, diskPressure, views.SpanLeast, views.SpanSure},
	Run:    analyze.Each(machines, judgeDiskLoad),
}

// judgeDiskLoad wants all three: a busy disk, slow requests, and tasks that wait for I/O.
func judgeDiskLoad(pass *analyze.Pass, v *hostView) (out []analyze.Finding) {
	if !v.long() {
		return nil
	}
	psi := v.Pressure["io"].SomePercent
	for i := range v.Disks {
		d := &v.Disks[i]
		if !d.BusyPercent.Known() || strings.HasPrefix(d.Name, "loop") || strings.HasPrefix(d.Name, "zram") {
			continue
		}
		pass.Evaluated()
		slow, way := d.WriteLatency, "write"
		if d.ReadLatency.Known() && (!slow.Known() || d.ReadLatency.Mean > slow.Mean) {
			slow, way = d.ReadLatency, "read"
		}
		waits := psi.Known() && psi.Mean >= diskPressure.Value ||
			!psi.Known() && v.CPU.IOWait.Mean >= diskPressure.Value
		if d.BusyPercent.Mean < diskBusy.Value || !slow.Known() || slow.Mean < diskLatency.Value || !waits ||
			v.partOfAnother(d) {
			continue
		}
		out = append(out, v.saturated(d, slow, way, psi))
	}
	return out
}

// partOfAnother: a volume of the mapper is reported once, as the disk below it.
func (v *hostView) partOfAnother(d *host.Disk) bool {
	return strings.HasPrefix(d.Name, "dm-") && slices.ContainsFunc(v.Disks, func(o host.Disk) bool {
		return !strings.HasPrefix(o.Name, "dm-") && o.BusyPercent.Mean >= diskBusy.Value
	})
}

func (v *hostView) saturated(d *host.Disk, slow host.Spread, way string, psi host.Spread) analyze.Finding {
	f := analyze.Finding{
		Severity:   analyze.Warning,
		Confidence: v.sure(),
		Subject:    d.Name,
		Weight:     min(0.6, max(psi.Mean, v.CPU.IOWait.Mean)/100),
	}
	var mounts []string
	for _, fs := range v.FileSystems {
		if fs.Disk == d.Name && fs.Real {
			mounts = append(mounts, fs.Mount)
		}
	}
	on := ""
	if len(mounts) > 0 {
		on = " (" + say.List(mounts[:min(3, len(mounts))]) + ")"
	}
	f.Say("Disk %s%s is busy %s of the time; a %s takes %s on average, with %s requests waiting", d.Name, on,
		say.Share("busy_share", d.BusyPercent.Mean/100), way, say.Measured("latency", slow.Mean, "ms"),
		say.Amount("queue", d.Queue.Mean, "requests"))
	f.Impact = fmt.Sprintf("in %s of the time some task waited for I/O", say.Percent(psi.Mean/100))
	f.Explanation = fmt.Sprintf("It reads %s and writes %s a second, and is at its limit: logs, indexes, the "+
		"database and swap all wait in one queue.", say.Bytes(d.ReadRate.Mean), say.Bytes(d.WriteRate.Mean))
	f.Evidence = cite.Known(
		cite.Ref(
			d.BusyPercent.Ref,
			fmt.Sprintf(
				"busy: mean %s, highest %s%s", say.Percent(d.BusyPercent.Mean/100), say.Percent(d.BusyPercent.Max/100), v.at(d.BusyPercent),
			),
		),
		cite.Ref(
			slow.Ref,
			fmt.Sprintf("%s: mean %s ms, highest %s ms", way, say.Number(slow.Mean), say.Number(slow.Max)),
		),
		cite.Ref(psi.Ref, fmt.Sprintf("tasks waited for I/O in %s of the time", say.Percent(psi.Mean/100))),
	)
	f.Advice = []analyze.Advice{{Action: "See who reads and writes (iotop, pidstat -d): backups, virus scanners, " +
		"debug logging and swapping first.",
		Effect: "Less to do for the disk.", Risk: "None in looking.", Verify: fmt.Sprintf("Requests take less "+
			"than %s ms at the same load.", say.Number(diskLatency.Value/3))},
		{Action: "Move the busiest files (index, database, logs) to a disk of their own, or to a faster one.",
			Effect: "Requests no longer wait for each other.",
			Risk:   "Moving data needs a quiet hour.",
			Verify: "As above.",
		}}
	f.References = []string{"Atlassian: local disk write good below 5 ms, bad above 15 ms"}
	return f
}
