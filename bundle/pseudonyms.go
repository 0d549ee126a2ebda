package bundle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
	"casefile/bundle/seal"
)

// maxOwnRecord is the largest record of casefile's own in which nodes are renamed by their names, in bytes.
const maxOwnRecord = 64 << 20

// Pseudonymise writes the bundle anew at a level above Secrets, under another path or the same, and returns the
// writer to go on with: what is added later is treated alike. First all entries are read for the names that stand
// in them, so that a name that is told late is found in early entries too; in the end the new bundle is read again
// for what is left. What cannot be made safe, and at Minimal what has free text, is left out and stands in the
// ledger. On an error the old bundle and its writer stay as they are.
func (w *Writer) Pseudonymise(ctx context.Context, level plan.Level, set *names.Set, to string) (*Writer, error) {
	ctx = w.Reading(ctx)
	r, err := Open(ctx, w.path)
	if err != nil {
		return nil, err
	}
	a := again{r: r, opening: w.opening(), secrets: w.secrets, set: set, level: level, hurry: w.hurried()}
	next, err := a.write(ctx, to+".naming", r.Format)
	if err != nil {
		return nil, err
	}
	next.knownElsewhere = w.knownElsewhere
	if err := w.movedTo(next, to); err != nil {
		return nil, fmt.Errorf("replace names: %w", err)
	}
	next.checkNames(ctx)
	return next, nil
}

// Redact writes a bundle anew at a level, as a file of its own, and returns it open: reports may be added before it is
// closed. The set may be nil at level Secrets.
func Redact(ctx context.Context, r *Reader, level plan.Level, secrets *redact.Secrets, set *names.Set,
	to string, format Format) (*Writer, error) {
	opening := r.Manifest
	opening.Entries, opening.Redaction = nil, nil
	a := again{r: r, opening: opening, secrets: secrets, set: set, level: level}
	w, err := a.write(ctx, to, format)
	if err != nil {
		return nil, err
	}
	if before := r.Manifest.Redaction; before != nil {
		for rule, n := range before.Rules {
			w.rules[rule] += n
		}
		w.knownElsewhere = before.KnownValues
	}
	if level.Pseudonyms() {
		w.checkNames(ctx)
		return w, nil
	}
	return w.LeakCheck(ctx)
}

// Verify reads what was written so far with the secrets and names that are known by now.
func (w *Writer) Verify(ctx context.Context) (*Report, error) {
	ctx = w.Reading(ctx)
	return VerifyAt(ctx, w.path, w.secrets, w.names)
}

// checkNames reads the bundle again, and notes what it finds.
func (w *Writer) checkNames(ctx context.Context) {
	rep, err := w.Verify(ctx)
	switch {
	case err != nil:
		w.noteLeaks("failed: %v", err)
	case len(rep.Leaks) == 0:
		w.noteLeaks("clean at level %s: %d entries read again for %d known values and %d names", w.level,
			rep.Entries, w.secrets.Count(), len(w.names.Names()))
	default:
		w.noteLeaks("%d places left that look like a secret or a name: %s", len(rep.Leaks),
			strings.Join(rep.Leaks[:min(5, len(rep.Leaks))], ", "))
	}
}

// LearnNames reads all entries for names; those of the nodes are known from the manifest.
func LearnNames(ctx context.Context, r *Reader, set *names.Set) error {
	for _, n := range r.Manifest.Nodes {
		set.Learn(names.Host, n.Name)
	}
	for _, name := range probed(&r.Manifest) {
		set.Learn(names.Host, name)
	}
	return r.Walk(ctx, func(e Entry, body io.Reader) error {
		if !mayName(e.Path) {
			return nil
		}
		if e.Node != "" {
			set.Learn(names.Host, e.Node)
		}
		err := redact.LearnNames(set, KindOf(e.Path), body)
		var one *unreadable
		if errors.As(err, &one) {
			return nil // it is not copied either
		}
		return err
	})
}

// probed are the names that the nodes were told to look up.
func probed(m *Manifest) []string {
	if m.Plan.Probes == nil {
		return nil
	}
	return m.Plan.Probes.Names
}

// mayName reports whether names are replaced in an entry: not in series of figures, whose words are casefile's
// own but for those of peers, and not in reports, which are made of entries that have pseudonyms already.
func mayName(name string) bool {
	return !isReport(name) && !isSeries(name)
}

func isSeries(name string) bool {
	return strings.HasSuffix(name, ".jsonl") && strings.HasPrefix(name, entries.FolderNodes+"/") && path.Base(name) != path.Base(string(entries.WaitSeries))
}

// isReport reports whether an entry is made of others by the analysis.
func isReport(name string) bool {
	return name == ReportFile || name == SummaryFile || name == FindingsFile
}

// again is how a bundle is written once more.
type again struct {
	r       *Reader
	opening Manifest
	secrets *redact.Secrets
	set     *names.Set // nil: names stay
	level   plan.Level
	hurry   bool
}

func (a *again) write(ctx context.Context, to string, format Format) (*Writer, error) {
	if a.set != nil {
		if err := LearnNames(ctx, a.r, a.set); err != nil {
			return nil, fmt.Errorf("look for names: %w", err)
		}
	}
	n := newNaming(a.r, a.set)
	n.manifest(&a.opening)
	a.opening.Plan.Redact = a.level
	next, err := createNaming(seal.From(ctx), to, format, a.opening, a.secrets, a.set)
	if err != nil {
		return nil, err
	}
	next.level = a.level
	if a.hurry {
		next.Hurry()
	}
	if err := a.r.Walk(ctx, func(e Entry, body io.Reader) error { return n.entry(next, a.level, e, body) }); err != nil {
		_ = next.c.close() // it is given up
		os.RemoveAll(next.path)
		return nil, fmt.Errorf("replace names: %w", err)
	}
	return next, nil
}

// movedTo puts the new file under its name, and removes the old one.
func (w *Writer) movedTo(next *Writer, to string) error {
	if to == w.path {
		return w.replacedBy(next)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for rule, n := range w.rules {
		next.rules[rule] += n
	}
	w.closed = true
	if err := firstError(w.c.close(), os.RemoveAll(w.path), os.Rename(next.path, to)); err != nil {
		return err
	}
	next.path = to
	return nil
}

// naming gives the nodes of a bundle their pseudonyms, where they stand as such: whatever a node is called.
type naming struct {
	set   *names.Set
	texts *names.Rewriter
	nodes map[string]string // by name
	dirs  map[string]string // by folder below nodes/
}

// newNaming makes one; with a nil set it changes nothing.
func newNaming(r *Reader, set *names.Set) *naming {
	if set == nil {
		return nil
	}
	n := &naming{set: set, texts: set.Rewriter(), nodes: map[string]string{}, dirs: map[string]string{}}
	for _, node := range r.Manifest.Nodes {
		n.nodes[node.Name] = set.HostName(node.Name)
	}
	for _, name := range probed(&r.Manifest) {
		n.nodes[name] = set.HostName(name)
	}
	for _, e := range r.Manifest.Entries {
		parts := strings.SplitN(e.Path, "/", 3)
		if len(parts) == 3 && parts[0] == entries.FolderNodes && e.Node != "" {
			n.nodes[e.Node] = set.HostName(e.Node)
			n.dirs[parts[1]] = n.nodes[e.Node]
		}
	}
	return n
}

// node is what a node is called from now on; other words stay.
func (n *naming) node(name string) string {
	if n == nil {
		return name
	}
	if as := n.nodes[name]; as != "" {
		return as
	}
	return n.texts.String(name)
}

func (n *naming) cluster(name string) string {
	if n == nil {
		return name
	}
	if as := n.nodes[name]; as != "" || name == "" {
		return as
	}
	if names.IsPseudonym(name) {
		return name
	}
	return n.set.Pseudonym(names.Cluster, name)
}

// manifest renames in what stands in the manifest.
func (n *naming) manifest(m *Manifest) {
	if n == nil {
		return
	}
	m.Cluster, m.Plan.Cluster = n.cluster(m.Cluster), n.cluster(m.Plan.Cluster)
	if m.Plan.Probes != nil {
		probes := *m.Plan.Probes
		probes.Names = slices.Clone(probes.Names)
		for i, name := range probes.Names {
			probes.Names[i] = n.node(name)
		}
		m.Plan.Probes = &probes
	}
	m.Nodes, m.Coverage, m.Overhead = slices.Clone(m.Nodes), slices.Clone(m.Coverage), slices.Clone(m.Overhead)
	slices.SortStableFunc(m.Nodes, func(a, b Node) int {
		return strings.Compare(a.Name,
			b.Name)
	}) // as the analysis has them
	for i := range m.Nodes {
		m.Nodes[i].Name = n.node(m.Nodes[i].Name)
	}
	for i := range m.Coverage {
		n.coverage(&m.Coverage[i])
	}
	for i := range m.Overhead {
		o := &m.Overhead[i]
		o.Node = n.node(o.Node)
		o.Targets = slices.Clone(o.Targets)
		for t := range o.Targets {
			o.Targets[t].Target = n.node(o.Targets[t].Target)
		}
	}
}

func (n *naming) coverage(c *Coverage) {
	c.Node, c.Target = n.node(c.Node), n.node(c.Target)
	c.Item, c.Reason, c.Fix = n.texts.String(c.Item), n.own(c.Reason), n.own(c.Fix)
}

// own renames in a text that casefile wrote, which names nodes.
func (n *naming) own(text string) string { return n.texts.String(n.prose(text)) }

// replaceWord replaces word where no letter, digit or hyphen stands next to it.
func replaceWord(text, word, as string) string {
	part := func(c byte) bool {
		return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
	}
	var b strings.Builder
	at := 0
	for {
		i := strings.Index(text[at:], word)
		if i < 0 {
			break
		}
		start, end := at+i, at+i+len(word)
		b.WriteString(text[at:start])
		if start > 0 && part(text[start-1]) || end < len(text) && part(text[end]) {
			b.WriteString(word)
		} else {
			b.WriteString(as)
		}
		at = end
	}
	return b.String() + text[at:]
}

// path renames in the path of an entry.
func (n *naming) path(name string) string {
	if n == nil {
		return name
	}
	parts := strings.Split(name, "/")
	for i := range parts {
		if i == 1 && parts[0] == entries.FolderNodes && n.dirs[parts[1]] != "" {
			parts[1] = n.dirs[parts[1]]
			continue
		}
		if renamed := n.texts.String(parts[i]); path.Clean(renamed) == renamed && !strings.Contains(renamed, "/") {
			parts[i] = renamed
		}
	}
	return strings.Join(parts, "/")
}

// entry copies one, or says why it is left out.
func (n *naming) entry(to *Writer, level plan.Level, e Entry, body io.Reader) error {
	if e.Path == PlanFile || e.Path == ManifestFile || e.Path == SignatureFile || isReport(e.Path) {
		return nil
	}
	from := e.Path
	e.Path, e.Node, e.Target = n.path(e.Path), n.node(e.Node), n.node(e.Target)
	left := Coverage{Node: e.Node, Collector: entries.CollectorRedact, Target: e.Target, PID: e.PID,
		Item: e.Path, Status: Skipped, Cause: entries.Unsupported}
	if level == plan.Minimal && !safe(from) {
		left.Reason, left.Fix = "has free text: left out at level minimal", "--redact standard keeps it"
		to.Cover(left)
		return nil
	}
	body, err := n.renamedRecord(from, body)
	if err == nil {
		err = to.AddReader(e, KindOf(e.Path), body)
	}
	if err == nil && e.Path != from {
		to.countRenamed()
	}
	if errors.Is(err, redact.ErrUnreadable) {
		left.Status, left.Cause, left.Reason = Failed, entries.Unreadable, err.Error()
		to.Cover(left)
		return nil
	}
	return err
}

// countRenamed counts an entry whose node has a pseudonym.
func (w *Writer) countRenamed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules[names.Host.String()]++
	w.ruleEntries[names.Host.String()]++
}

// renamedRecord is an entry in which nodes have their pseudonyms, where it is one of casefile's own that names
// them: a record, or the first line of a series.
func (n *naming) renamedRecord(name string, body io.Reader) (io.Reader, error) {
	switch {
	case n == nil:
	case isSeries(name):
		in := bufio.NewReader(body)
		head, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return io.MultiReader(strings.NewReader(n.ownRecord(head)), in), nil
	case isOwnRecord(name):
		raw, err := io.ReadAll(io.LimitReader(body, maxOwnRecord+1))
		if err == nil && len(raw) > maxOwnRecord {
			err = fmt.Errorf("a record of more than %d bytes: %w", maxOwnRecord, redact.ErrUnreadable)
		}
		return strings.NewReader(n.ownRecord(string(raw))), err
	}
	return body, nil
}

// ownRecord renames nodes in a record: where they are values of its JSON, and in its prose.
func (n *naming) ownRecord(text string) string {
	for name, as := range n.nodes {
		text = strings.ReplaceAll(text, `"`+name+`"`, `"`+as+`"`)
	}
	return n.prose(text)
}

// prose renames nodes in what casefile wrote of them.
func (n *naming) prose(text string) string {
	for name, as := range n.nodes {
		if strings.ContainsAny(name, "0123456789-.") {
			text = replaceWord(text, name, as)
		}
	}
	return text
}

// unsafe are entries that have free text: what people, programs and configurations say.
var unsafe = []string{"nodes/*/*/*/logs/*", "nodes/*/*/*/config/*", "nodes/*/*/*/jfr/*",
	"nodes/*/*/*/vm/environ", "nodes/*/*/*/vm/cmdline",
	"nodes/*/*/*/vm/command_line*", "nodes/*/*/*/vm/system_properties*", "nodes/*/*/*/vm/events*", "nodes/*/*/*/vm/log_config*", "nodes/*/*/*/database/*"}

// safeFolders are where entries lie that consist of numbers, and of the words of the JVM and the kernel.
var safeFolders = []string{"gc", "hsperf", "process", "threads", "vm", "host", "timing", "pprof", "profiles", "samples"}

// safe reports whether an entry is kept at level minimal.
func safe(name string) bool {
	parts := strings.Split(name, "/")
	if parts[0] == "cluster" || strings.HasSuffix(name, ".pb.gz") {
		return true
	}
	head := strings.Join(parts[:min(len(parts), 6)], "/")
	for _, pattern := range unsafe {
		if ok, _ := path.Match(pattern, head); ok {
			return false
		}
	}
	for _, folder := range safeFolders {
		if slices.Contains(parts[1:max(1, len(parts)-1)], folder) {
			return !strings.HasSuffix(name, ".hsperfdata")
		}
	}
	return false
}

// isOwnRecord reports whether an entry is a record of casefile's own that names nodes: of their clocks and links.
func isOwnRecord(name string) bool {
	return strings.HasSuffix(name, ".json") && (strings.HasPrefix(name, "cluster/") || strings.Contains(name,
		"/"+entries.FolderTiming+"/"))
}
