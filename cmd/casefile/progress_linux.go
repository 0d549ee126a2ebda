package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"casefile/analyze/report"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// progress shows how the capture goes: one line that renews itself on a
// terminal, prefixed lines otherwise, JSON lines with --output jsonl.
type progress struct {
	u     *ui
	node  string
	jsonl bool
	tty   bool

	mu      sync.Mutex
	begin   time.Time
	total   time.Duration
	targets map[string]collectors.Event
	order   []string
	quit    chan struct{}
	ended   chan struct{}
}

func newProgress(u *ui, o *collectOptions) *progress {
	return &progress{u: u, node: o.node, jsonl: o.output == "jsonl", tty: isTerminal(u.err), targets: map[string]collectors.Event{},
		quit: make(chan struct{}), ended: make(chan struct{})}
}

// begins tells what is captured and starts the clock.
func (p *progress) begins(pl plan.Plan, what string) {
	p.begin, p.total = time.Now(), time.Duration(pl.Duration)
	if !p.jsonl {
		fmt.Fprintf(p.u.err, "%s: capturing for %v: %s\n", pl.Cluster, p.total, what)
	}
	go p.tick()
}

func titles(jobs []collectors.Prepared) string {
	var t []string
	for _, j := range jobs {
		if j.Collector != entries.CollectorHost {
			t = append(t, j.Title)
		}
	}
	return strings.Join(t, "; ")
}

// tick renews the line of a terminal.
func (p *progress) tick() {
	defer close(p.ended)
	if !p.tty || p.jsonl {
		<-p.quit
		return
	}
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-p.quit:
			fmt.Fprint(p.u.err, "\r\x1b[K")
			return
		case <-t.C:
			p.mu.Lock()
			line := p.line()
			p.mu.Unlock()
			fmt.Fprintf(p.u.err, "\r\x1b[K%s", line[:min(len(line), width(p.u.err)-1)])
		}
	}
}

// maxRows bounds the processes whose progress is shown.
const maxRows = 2000

// line is "n1 00:23/01:00 4711-confluence dumps 3/6 ...".
func (p *progress) line() string {
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Minutes()), int(d.Seconds())%60) }
	line := fmt.Sprintf("%s %s/%s", p.node, clock(time.Since(p.begin)), clock(p.total))
	for _, name := range p.order {
		e := p.targets[name]
		line += "  " + name + " " + e.Stage
		if e.Total > 0 {
			line += fmt.Sprintf(" %d/%d", e.Done, e.Total)
		}
	}
	return report.Plain(line)
}

// event takes one step of a job.
func (p *progress) event(e collectors.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := strings.TrimSpace(e.Node + " " + e.Target)
	if e.Node == p.node {
		who = e.Target
	}
	if _, known := p.targets[who]; !known {
		if len(p.order) >= maxRows { // of a node that makes them up
			return
		}
		p.order = append(p.order, who)
	}
	p.targets[who] = e
	switch {
	case p.jsonl:
		line, err := json.Marshal(struct {
			Type string `json:"type"`
			collectors.Event
		}{"progress", e})
		if err == nil {
			fmt.Fprintf(p.u.out, "%s\n", line)
		}
	case !p.tty:
		text := e.Stage
		if e.Total > 0 {
			text += fmt.Sprintf(" %d/%d", e.Done, e.Total)
		}
		if e.Message != "" {
			text += ": " + e.Message
		}
		fmt.Fprintf(p.u.err, "%s: %s\n", report.Plain(strings.TrimSpace(e.Node+" "+e.Target)), report.Plain(text))
	}
}

func (p *progress) stop() {
	close(p.quit)
	<-p.ended
}
