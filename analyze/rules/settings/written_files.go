package settings

import (
	"path"
	"strings"

	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

// logFile is the GC log that an option asks for.
type logFile struct {
	text, file string
	rotates    bool
}

// gcLogFile finds the option of a GC log that goes to a file.
//
//	-Xlog:gc*,safepoint:file=/var/log/gc.log:time,level:filecount=5,filesize=20m
//	-Xloggc:/var/log/gc.log
func (c *config) gcLogFile() (l logFile, ok bool) {
	rotates, _ := c.asked("UseGCLogFileRotation")
	for _, text := range c.Options {
		if name, old := strings.CutPrefix(text, "-Xloggc:"); old {
			l, ok = logFile{text, name, c.Major() >= 9 || rotates.value == "true"}, true
			continue
		}
		rest, unified := strings.CutPrefix(text, "-Xlog:")
		if !unified || !strings.Contains(rest, "gc") && !strings.HasPrefix(rest, "all") {
			continue
		}
		_, out, _ := strings.Cut(rest, ":")
		if out == "" || strings.HasPrefix(out, "std") {
			continue
		}
		name, tail, _ := strings.Cut(strings.TrimPrefix(out, "file="), ":")
		l, ok = logFile{text, strings.Trim(name, `"`), !strings.Contains(tail, "filecount=0")}, true
	}
	return l, ok && c.Major() > 0
}

func (l logFile) sighted(c *config) sighting {
	return sighting{option: option{written: l.text, evidence: c.given(l.text)},
		detail: say.Text("%s", say.Quote(l.file))}
}

// distinct: each start has a file of its own.
func (l logFile) distinct() bool {
	return strings.Contains(l.file, "%t") || strings.Contains(l.file, "%p")
}

// logOverwritten: JDK 9 and later keep the files of the start before when they rotate, JDK 8 begins with the first again.
func logOverwritten(c *config) (sighting, bool) {
	l, ok := c.gcLogFile()
	s := l.sighted(c)
	if ext := path.Ext(l.file); c.Major() == 8 {
		s.to = "-Xloggc:" + strings.TrimSuffix(l.file, ext) + "-%t-%p" + ext
	} else {
		s.to = "filecount=5,filesize=20m at the end of the option"
	}
	return s, ok && !l.distinct() && (c.Major() == 8 || !l.rotates)
}

func logWithoutRotation(c *config) (sighting, bool) {
	l, ok := c.gcLogFile()
	s := l.sighted(c)
	if s.to = "filecount=5,filesize=20m at the end of the option"; c.Major() == 8 {
		s.to = "-XX:+UseGCLogFileRotation -XX:NumberOfGCLogFiles=5 -XX:GCLogFileSize=20M"
	}
	return s, ok && !l.rotates
}

// heapDumpPath is where a heap dump goes when memory runs out.
func (c *config) heapDumpPath() (sighting, bool) {
	on, asked := c.asked("HeapDumpOnOutOfMemoryError")
	o, named := c.asked("HeapDumpPath")
	return sighting{option: o}, asked && on.value == "true" && named && o.value != ""
}

func dumpToAFile(c *config) (sighting, bool) {
	s, ok := c.heapDumpPath()
	s.to = "-XX:HeapDumpPath=" + path.Dir(s.value)
	return s, ok && strings.HasPrefix(path.Ext(s.value), ".hprof") && !strings.Contains(s.value, "%p")
}

func dumpDiskFull(c *config) (sighting, bool) {
	s, ok := c.heapDumpPath()
	heap := c.MaxHeap()
	if !ok || c.node.Host == nil || c.container() || !path.IsAbs(s.value) || heap <= 0 {
		return s, false
	}
	fs := c.node.Host.FileSystemOf(s.value)
	if fs == nil || fs.Error != "" || fs.Total == 0 || fs.Available >= uint64(heap) {
		return s, false
	}
	s.evidence = append(s.evidence, cite.Known(cite.Ref(fs.Ref, fs.Mount+": "+say.Bytes(fs.Available)+" available"))...)
	s.detail = say.Text("%s free on %s, a heap of up to %s", say.Size("free", fs.Available), fs.Mount, say.Size("max_heap", heap))
	return s, true
}
