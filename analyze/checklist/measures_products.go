package checklist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle/format/entries"
)

// readers are measures that read what an item names: "flag UseG1GC".
var readers = map[string]func(what string) measure{
	"flag":           func(name string) measure { return flagOf(name, 1) },
	"flag-megabytes": func(name string) measure { return flagOf(name, say.MB) },
	"kernel":         func(path string) measure { return figures(setting("/proc/sys/" + path)) },
	"conf":           conf,
	"database":       databaseSetting,
	"conf-text":      confText,
}

// find gives the measure of a name; nil: there is none.
func find(name string) measure {
	if m := measures[name]; m != nil {
		return m
	}
	reader, what, _ := strings.Cut(name, " ")
	if read := readers[reader]; read != nil && what != "" {
		return read(what)
	}
	return nil
}

// switched reads a setting that is a number, or is on or off.
func switched(text string) (float64, bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on":
		return 1, true
	case "false", "no", "off":
		return 0, true
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil
}

// flagOf reads a flag of each JVM, in units.
func flagOf(name string, unit float64) measure {
	return func(c *analyze.Case) []Reading {
		return eachProcess(c, func(j *analyze.JVM) (Reading, bool) {
			f, there := j.Flags[name]
			v, ok := switched(f.Value)
			e, _ := cite.Flag(j, name)
			text := name + " is " + f.Value
			if unit != 1 {
				text = fmt.Sprintf("%s is %s", name, say.Bytes(v))
			}
			return Reading{Value: v / unit, Text: text, At: e}, there && ok
		})
	}
}

// conf reads a setting of each JVM's configuration wherever it stands.
func conf(name string) measure {
	return each(func(j *analyze.JVM) (out []Reading) {
		s := j.Settings()
		for _, x := range s.Value(name) {
			if v, ok := switched(x.Value); ok {
				out = append(out, Reading{Value: v, Text: written(x), At: cite.Place(x.Place, written(x))})
			}
		}
		return out
	})
}

// confText is conf for settings that are words.
func confText(name string) measure {
	return each(func(j *analyze.JVM) (out []Reading) {
		s := j.Settings()
		for _, x := range s.Value(name) {
			out = append(out, Reading{Text: x.Value, At: cite.Place(x.Place, written(x))})
		}
		return out
	})
}

// written is a setting in words.
func written(s appconf.Setting) string {
	if s.Default {
		return fmt.Sprintf("%s is %s, the default", s.Name, s.Value)
	}
	return fmt.Sprintf("%s is %s", s.Name, s.Value)
}

// each reads what each JVM has several of.
func each(read func(*analyze.JVM) []Reading) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, n := range c.Nodes {
			for _, j := range n.JVMs {
				for _, r := range read(j) {
					r.Node, r.What, r.Apps = n.Name, j.Subject(), productsOf(j)
					out = append(out, r)
				}
			}
		}
		return out
	}
}

// eachOne reads one thing of each JVM, whatever the others run.
func eachOne(read func(*analyze.JVM) (string, analyze.Evidence)) measure {
	return func(c *analyze.Case) []Reading {
		return eachProcess(c, func(j *analyze.JVM) (Reading, bool) {
			text, e := read(j)
			return Reading{Text: text, At: e}, text != ""
		})
	}
}

func collectorName(j *analyze.JVM) (string, analyze.Evidence) {
	return string(j.Collector()), at(j.FlagsSource, "")
}

// noSerial is 1 for a JVM that does not collect with one thread.
func noSerial(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (Reading, bool) {
		name, e := collectorName(j)
		return Reading{Value: map[bool]float64{true: 1}[name != string(gc.Serial)], Text: "collected by " + name, At: e}, name != ""
	})
}

// Packages of Spring Boot whose frames stand in a thread of each application: the one that keeps the web server up, and those that watch files.
const (
	springBoot     = "org.springframework.boot."
	springDevtools = "org.springframework.boot.devtools."
)

// runs reports whether a thread of the first dump is in a class of a package.
func runs(j *analyze.JVM, prefix string) bool {
	if j.Dumps == nil || len(j.Dumps.Dumps) == 0 {
		return false
	}
	for _, t := range j.Dumps.Dumps[0].Threads {
		if t.Stack != nil && slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return strings.HasPrefix(f.Func, prefix) }) {
			return true
		}
	}
	return false
}

// devtools is 1 where no thread of Spring Boot's developer tools runs.
func devtools(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		if j.Dumps == nil || len(j.Dumps.Dumps) == 0 {
			return r, false
		}
		d := j.Dumps.Dumps[0]
		r = Reading{Value: 1, Text: "no thread of them", At: at(d.Source, "")}
		if runs(j, springDevtools) {
			r.Value, r.Text = 0, "a thread runs in "+springDevtools+"*"
		}
		return r, true
	})
}

// threadLimit is how many threads and processes the user of a process may have.
func threadLimit(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		if j.Process == nil {
			return r, false
		}
		limit, ok := j.Process.Last(entries.ThreadLimit)
		return Reading{Value: limit, At: at(j.ProcessSource, "")}, ok && limit > 0
	})
}

// acceptQueue is 1 where the kernel gives a connector the queue that it asks for.
func acceptQueue(c *analyze.Case) []Reading {
	return each(func(j *analyze.JVM) (out []Reading) {
		if j.Node.Host == nil {
			return nil
		}
		kernel, ref := setting("/proc/sys/net/core/somaxconn")(j.Node.Host)
		s := j.Settings()
		for _, x := range s.Value(appconf.AcceptCount) {
			if v, ok := switched(x.Value); ok && ref.Known() {
				out = append(out, Reading{Value: map[bool]float64{true: 1}[v <= kernel], At: cite.Place(x.Place, written(x)),
					Text: fmt.Sprintf("%s, the kernel gives at most %s (net.core.somaxconn)", written(x), say.Number(kernel))})
			}
		}
		return out
	})(c)
}

// connectionsForThreads is 1 where a connector takes as many connections as it has threads.
func connectionsForThreads(c *analyze.Case) []Reading {
	return each(func(j *analyze.JVM) (out []Reading) {
		s := j.Settings()
		t := s.Threads()
		if t == nil {
			return nil
		}
		for _, x := range s.Value(appconf.MaxConnections) {
			if v, ok := switched(x.Value); ok { // below zero is no limit
				out = append(out, Reading{Value: map[bool]float64{true: 1}[v < 0 || v >= float64(t.MaxThreads)], At: cite.Place(x.Place, written(x)),
					Text: fmt.Sprintf("%s, %d threads", written(x), t.MaxThreads)})
			}
		}
		return out
	})(c)
}

// kafkaLogs is 1 where no folder of a broker's data is one that is emptied.
func kafkaLogs(c *analyze.Case) []Reading {
	return each(func(j *analyze.JVM) (out []Reading) {
		s := j.Settings()
		for _, x := range s.Value(appconf.KafkaLogs) {
			r := Reading{Value: 1, Text: written(x), At: cite.Place(x.Place, written(x))}
			for dir := range strings.SplitSeq(x.Value, ",") {
				if dir = strings.TrimSpace(dir) + "/"; strings.HasPrefix(dir, "/tmp/") || strings.HasPrefix(dir, "/var/tmp/") {
					r.Value = 0
				}
			}
			out = append(out, r)
		}
		return out
	})(c)
}

// searchDiscovery is 1 where a node of Elasticsearch is told how to find the others.
func searchDiscovery(c *analyze.Case) []Reading {
	return each(func(j *analyze.JVM) []Reading {
		s := j.Settings()
		for _, name := range []string{appconf.SeedHosts, "discovery.seed_providers", "cluster.initial_master_nodes"} {
			for _, x := range s.Value(name) {
				return []Reading{{Value: 1, Text: written(x), At: cite.Place(x.Place, written(x))}}
			}
		}
		for _, x := range s.Value("cluster.name") { // the file was read
			return []Reading{{Text: "neither hosts nor providers nor first masters are named", At: cite.Place(x.Place, "")}}
		}
		return nil
	})(c)
}

// memoryLock is 1 where no page of the heap can be swapped out: it is locked, or there is no swap, or the kernel swaps only when it must.
func memoryLock(c *analyze.Case) []Reading {
	return each(func(j *analyze.JVM) (out []Reading) {
		if j.Node.Host == nil || !j.Node.Host.Memory.SwapTotal.Known() {
			return nil
		}
		swap := j.Node.Host.Memory.SwapTotal
		often, ref := setting("/proc/sys/vm/swappiness")(j.Node.Host)
		if swap.Value == 0 || ref.Known() && often <= 1 {
			return []Reading{{Value: 1, Text: "the kernel does not swap", At: cite.Ref(swap.Ref, say.Bytes(swap.Value))}}
		}
		s := j.Settings()
		for _, x := range s.Value("bootstrap.memory_lock") {
			v, _ := switched(x.Value)
			out = append(out, Reading{Value: v, Text: fmt.Sprintf("%s, with %s of swap", written(x), say.Bytes(swap.Value)), At: cite.Place(x.Place, written(x))})
		}
		return out
	})(c)
}

// balloon is how much of a virtual machine's memory its hypervisor has taken back, in per cent of what is left.
func balloon(h *host.Facts) (float64, host.Ref) {
	if h.System.Hypervisor.Value == "none" {
		return 0, h.System.Hypervisor.Ref
	}
	if b := h.Memory.Balloon; b.Known() && h.Memory.Total.Value > 0 {
		return 100 * b.Value / h.Memory.Total.Value, b.Ref
	}
	return 0, host.Ref{}
}

func listenDrops(h *host.Facts) (float64, host.Ref) {
	return h.Network.ListenOverflows.Value, h.Network.ListenOverflows.Ref
}
