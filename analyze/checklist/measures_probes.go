package checklist

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/timing"
)

// pathMTU reports of each pair of nodes the largest packet that arrives uncut, and whether larger ones vanish.
func pathMTU(c *analyze.Case) (out []Reading) {
	if c.Timing == nil {
		return nil
	}
	known := map[[2]string]bool{}
	for _, l := range links(c) {
		known[[2]string{l.From, l.To}] = true
	}
	for i := range c.Timing.Links {
		l := &c.Timing.Links[i]
		if l.Path == nil || !known[[2]string{l.From, l.To}] {
			continue
		}
		r := Reading{Node: l.From, What: "to " + l.To, Value: 1, Text: fmt.Sprintf("packets of %d bytes arrive", l.Path.Carried),
			At: at(timing.RecordFile, fmt.Sprintf("path of %s -> %s", l.From, l.To))}
		if l.Path.Carried < l.Path.MTU {
			r.Value, r.Text = 0, fmt.Sprintf("packets of %d bytes arrive, of %d bytes vanish", l.Path.Carried, l.Path.MTU)
		}
		out = append(out, r)
	}
	return out
}

// sharedLock reports of each node whether files in the shared home can be locked so that the other nodes see it.
func sharedLock(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Timing == nil {
			continue
		}
		for i := range n.Timing.Storage {
			p := &n.Timing.Storage[i]
			if p.Limit == nil || p.Limit.Measure != timing.MeasureSharedHome {
				continue
			}
			r := Reading{Node: n.Name, What: p.Target, At: at(n.TimingSource, p.Target)}
			switch failed := failedStep(p, timing.StepLock); {
			case failed != "":
				r.Text = failed
			case p.Step(timing.StepLock) == nil:
				continue
			default:
				r.Value, r.Text = 1, "a file was locked"
			}
			if n.Host != nil {
				if fs := n.Host.FileSystemOf(p.Target); fs != nil && r.Value == 1 {
					if o := slices.IndexFunc(fs.Options, localLock); o >= 0 {
						r.Value, r.Text = 0, "mounted with "+fs.Options[o]+": other nodes do not see the lock"
					}
				}
			}
			out = append(out, r)
		}
	}
	return out
}

// localLock reports whether an option of a mount keeps the locks of files on the node: nfs(5), mount.cifs(8).
func localLock(option string) bool {
	return option == "nolock" || option == "nobrl" || option == "local_lock=all" || option == "local_lock=posix"
}

// failedStep is the error of a step of a probe; "" there is none.
func failedStep(p *timing.Probe, step string) string {
	for _, e := range p.Errors {
		if strings.HasPrefix(e, step+": ") {
			return e
		}
	}
	return ""
}

// databaseSetting reads what databases that were logged in to say of themselves.
func databaseSetting(name string) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, n := range c.Nodes {
			if n.Timing == nil {
				continue
			}
			for i := range n.Timing.Databases {
				p := &n.Timing.Databases[i]
				text, there := p.Settings[name]
				if !there {
					continue
				}
				if name == timing.SettingCollation && p.Kind == jdbc.PostgreSQL {
					text += postgresCollation
				}
				out = append(out, Reading{Node: n.Name, What: p.Target, Text: text, At: at(n.TimingSource, p.Target)})
			}
		}
		return out
	}
}

// postgresCollation marks a collation of PostgreSQL, of which no product asks for a certain one.
const postgresCollation = " (PostgreSQL)"
