package dumps

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var (
	dbConnectionsCritical = analyze.NewLimit(0.90, "1", "a database's connections in use: the next are about to "+
		"be refused", "Atlassian: 90 % of a pool is bad; here one more pool is enough")
)

var poolMismatch = &analyze.Rule{
	ID: ids.PoolMismatch,
	Doc: "The threads that serve requests, the pool of database connections, and the connections that the " +
		"database takes do not fit each other.",
	Needs: "the application's configuration (server.xml, confluence.cfg.xml, dbconfig.xml, application.properties " +
		"or .yml), which casefile collect " +
		"copies; for all nodes together also the database's own limit: a database with a credential in the " +
		"cluster file, or --use-app-credentials",
	Fix:         "Size the pool for the request threads, and the database for all pools together.",
	After:       slices.Concat([]string{ids.DBPoolExhausted}, behindChains),
	ExplainedBy: []string{ids.DBPoolExhausted},
	Limits:      []analyze.Threshold{dbConnectionsCritical},
	Run:         analyze.Sequence(analyze.Each(appsWithPools.Of, judgePool), analyze.Each(servers, judgeServer)),
}

// pooled is an application whose configuration tells its pool of database connections.
type pooled struct {
	node    *analyze.Node
	jvm     *analyze.JVM // nil: its files came without it
	view    *view        // nil: no dumps
	subject string
	appconf.Settings
	appconf.Pool
}

// appsWithPools are the applications whose configuration was captured, each once for each of its pools.
var appsWithPools = analyze.NewMemo(func(p *analyze.Pass) (out []*pooled) {
	dumped := map[*analyze.JVM]*view{}
	for _, v := range processes.Of(p) {
		if v.JVM != nil {
			dumped[v.JVM] = v
		}
	}
	add := func(a pooled) {
		for _, a.Pool = range a.Settings.Pools {
			out = append(out, &a)
		}
	}
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			add(pooled{node: n, jvm: j, view: dumped[j], subject: j.Subject(), Settings: j.Settings()})
		}
		if len(n.JVMs) == 0 && len(n.LooseConf) > 0 {
			add(pooled{node: n, Settings: appconf.Resolve(n.LooseConf, nil)})
		}
	}
	return out
})

// About names the application.
func (a *pooled) About() analyze.Subject { return analyze.Subject{Node: a.node.Name, Name: a.subject} }

// threads is how many threads may want a connection at once to serve requests: by the
// configuration, else at least those that dumps show; 0: not known.
func (a *pooled) threads() (n int, setting string, at analyze.Evidence) {
	if c := a.Settings.Threads(); c != nil {
		text := fmt.Sprintf("%s: %d", c.Setting, c.MaxThreads)
		if c.Default {
			text += ", by default"
		}
		return c.MaxThreads, c.Setting, cite.Place(c.Place, text)
	}
	if a.view == nil {
		return 0, "", analyze.Evidence{}
	}
	n = a.view.requestThreads()
	return n, "", analyze.Evidence{
		Entry: a.view.Series.Dumps[0].Source,
		Text:  say.Count(n, "thread") + " that serve requests",
	}
}

func (a *pooled) citePool() analyze.Evidence {
	text := fmt.Sprintf("%s: %s", a.Setting, say.Count(a.Max, "connection"))
	if a.Default {
		text += ", by default"
	}
	return cite.Place(a.Place, text)
}

// setting names where the limit of the pool is changed.
func (a *pooled) setting() string { return a.Setting + " in " + fileOf(a.Place) }

// fileOf is the name of a file as the admin knows it: copies of several of one name are numbered.
func fileOf(at appconf.Place) string {
	name := at.Source[strings.LastIndexByte(at.Source, '/')+1:]
	if strings.HasPrefix(name, "cmdline") {
		return "the command line"
	}
	return strings.TrimRight(strings.TrimRight(name, "0123456789"), ".")
}

// judgePool compares the threads of one application with its pool. That a pool is
// smaller is no fault by itself: most services need few connections at once. It is
// one where the product wants it otherwise, or where requests are seen to wait.
func judgePool(pass *analyze.Pass, a *pooled) []analyze.Finding {
	threads, setting, threadsAt := a.threads()
	if threads == 0 {
		pass.Lacks("the number of threads that serve requests: conf/server.xml, or thread dumps")
		return nil
	}
	pass.Evaluated()
	waits := pass.Found(ids.DBPoolExhausted, a.About())
	waiting := a.view != nil && len(waits) > 0 && a.view.chainOf(pass, waits[0]) == nil
	confluence := a.Product == "confluence"
	need := threads
	if confluence {
		need = sizeFor(threads)
	}
	if a.Max >= need || !confluence && !waiting {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High}
	least := ""
	if setting == "" {
		least, f.Confidence = "at least ", analyze.Medium
	}
	f.Say("%s for %s%s that serve requests", say.Counted("connections", a.Max, "database connection"), least,
		say.Counted("request_threads", threads, "thread"))
	if confluence {
		f.Add("; Confluence wants %s", say.Amount("wanted", need, "connections"))
	}
	if a.Max >= threads {
		f.Severity = analyze.Info // only its own jobs may have to wait
	}
	f.Weight = 0.3 * math.Max(0, float64(threads-a.Max)) / float64(threads)
	f.Impact = a.dose(threads, waiting)
	f.Explanation = "A request that needs the database holds a thread and asks for a connection; when all " +
		"connections are out it stands still, with its thread."
	if confluence {
		f.Explanation += " Confluence's own jobs take connections besides the requests. Its check at the start " +
			"wants at least 10 connections more than threads, and a quarter more."
	}
	if a.view != nil {
		f.Explanation += a.view.inUseAt(a.view.Dumps() - 1)
	}
	f.Evidence = cite.Known(a.citePool(), threadsAt)
	if waiting {
		f.Evidence = append(f.Evidence, waits[0].Evidence[:1]...)
	}
	f.Advice = a.adviceForThreads(threads, need, setting, roomBeside(pass, a))
	f.References = []string{
		"Atlassian: Confluence HTTP threads and database connections, the check at the start",
		"HikariCP: About Pool Sizing",
	}
	return []analyze.Finding{f}
}

// dose says what the mismatch cost during the capture, as far as dumps show it.
func (a *pooled) dose(threads int, waiting bool) string {
	switch {
	case waiting:
		return "requests waited for a connection during the capture: see db-pool-exhausted"
	case a.view == nil:
		return fmt.Sprintf("under load up to %d requests want a connection at once; no thread dump tells how many "+
			"did", threads)
	}
	busy := 0
	for i := range a.view.Series.Dumps {
		n := 0
		for _, pool := range a.view.Pools {
			if pool.Requests {
				n += pool.Counts[i].Busy
			}
		}
		busy = max(busy, n)
	}
	return fmt.Sprintf(
		"none during the capture: at most %s of %d worked at once in %s; it shows at the next peak",
		say.Count(busy, "request thread"),
		threads,
		say.Count(a.view.Dumps(), "dump"),
	)
}

// nextStep is the size to try where no rule gives one: a quarter more.
func (a *pooled) nextStep() string { return fmt.Sprintf("%d at first", a.Max+max(1, a.Max/4)) }

func (a *pooled) adviceForThreads(threads, need int, setting string, room int) []analyze.Advice {
	if a.Product != "confluence" {
		return []analyze.Advice{{
			Action: "Make each request need its connection for less time first (db-pool-exhausted says where); " +
				"then enlarge the pool in steps, or serve fewer requests at once.", Setting: a.setting(),
			From: fmt.Sprint(a.Max), To: a.nextStep(), Effect: "Requests wait for the database itself and no " +
				"longer for a connection.",
			Risk:     "More statements run at once, and the database must take the connections of all nodes together.",
			Rollback: "The old value.",
			Verify:   "No thread waits for a connection in dumps under the same load.",
		}}
	}
	larger := analyze.Advice{
		Action:   "Give each request a connection, and the jobs theirs.",
		Setting:  a.setting(),
		From:     fmt.Sprint(a.Max),
		To:       fmt.Sprintf("%d (for %d request threads)", need, threads),
		Effect:   "No request stands still for want of a connection.",
		Risk:     "A restart of one node at a time. The database must take the connections of all nodes together.",
		Rollback: "The old value.", Verify: "pool-mismatch is silent, and the database's response times did not rise.",
	}
	fewer := analyze.Advice{
		Action:   "Serve no more requests at once than there are connections for.",
		Setting:  setting + " in server.xml",
		From:     fmt.Sprint(threads),
		To:       fmt.Sprint(threadsFor(a.Max)),
		Effect:   "Requests beyond wait in the connector's queue (acceptCount) and hold no thread.",
		Risk:     "With long requests, some wait that a thread was free for.",
		Rollback: "The old value.",
		Verify:   "pool-mismatch is silent, and no request waits for a thread under load (thread-pool-exhausted).",
	}
	possible := setting != "" && threadsFor(a.Max) > 0
	switch {
	case room > 0 && need > room && possible:
		fewer.Action += fmt.Sprintf(" The database has no room for larger pools: %d connections are left for this "+
			"node.", room)
		return []analyze.Advice{fewer}
	case room > 0:
		larger.Risk = fmt.Sprintf("A restart of one node at a time. The database has room for %d connections of "+
			"this node.", room)
	}
	if !possible {
		return []analyze.Advice{larger}
	}
	fewer.Alternative = true
	return []analyze.Advice{larger, fewer}
}

// threadsFor is the largest number of request threads that a pool is enough for, see sizeFor.
func threadsFor(pool int) int {
	n := min(pool-10, pool*4/5)
	for n > 0 && sizeFor(n) > pool {
		n--
	}
	return max(n, 0)
}

// server is a database server, and who has pools of connections to it.
type server struct {
	name  string
	users []*pooled
	takes capacity
}

// About names nothing: the finding names the nodes that have pools.
func (s *server) About() analyze.Subject { return analyze.Subject{} }

// capacity is what a server told of its connections, and where that stands.
type capacity struct {
	room, max, used int // room is 0: not known
	entry           string
}

// servers groups pools by their server. One that is on the node's own machine is another on each node.
func servers(p *analyze.Pass) (out []*server) {
	keys := map[string]*server{}
	for _, a := range appsWithPools.Of(p) {
		if a.Server == "" {
			continue
		}
		key := a.Server
		if onThisMachine(a.Server) {
			key = a.node.Name + " " + a.Server
		}
		s := keys[key]
		if s == nil {
			s = &server{name: a.Server, takes: capacityOf(p, a)}
			keys[key] = s
			out = append(out, s)
		}
		if !slices.ContainsFunc(
			s.users,
			func(b *pooled) bool { return b.node == a.node && b.subject == a.subject && b.Place == a.Place },
		) {
			s.users = append(s.users, a)
		}
	}
	return out
}

func onThisMachine(server string) bool {
	return strings.HasPrefix(server, "localhost:") || strings.HasPrefix(server, "127.") ||
		strings.HasPrefix(server, "[::1]:")
}

// capacityOf finds what a probe of any node learned of the server of a pool.
func capacityOf(p *analyze.Pass, a *pooled) (l capacity) {
	for _, n := range p.Nodes {
		if n.Timing == nil || onThisMachine(a.Server) && n != a.node {
			continue
		}
		for _, d := range n.Timing.Databases {
			if c := d.Connections; c != nil && strings.EqualFold(d.Target, a.Server) && c.Room() > 0 {
				if l.room == 0 {
					l = capacity{room: c.Room(), max: c.Max, entry: n.TimingSource}
				}
				l.used = max(l.used, c.Used)
			}
		}
	}
	return l
}

func (s *server) sum() (n int) {
	for _, a := range s.users {
		n += a.Max
	}
	return n
}

// roomBeside is how many connections the database takes from one application next to all others; 0: not known.
func roomBeside(p *analyze.Pass, a *pooled) int {
	for _, s := range servers(p) {
		if slices.Contains(s.users, a) && s.takes.room > 0 {
			return max(1, s.takes.room-s.sum()+a.Max)
		}
	}
	return 0
}

// judgeServer compares what all pools may open together with what their server takes.
func judgeServer(pass *analyze.Pass, s *server) []analyze.Finding {
	if s.takes.room == 0 {
		return nil
	}
	pass.Evaluated()
	if s.sum() <= s.takes.room {
		return nil
	}
	return []analyze.Finding{s.finding()}
}

func (s *server) finding() analyze.Finding {
	sum, l := s.sum(), s.takes
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: 0.3}
	use := float64(l.used) / float64(l.room)
	if use >= dbConnectionsCritical.Value {
		f.Severity, f.Weight = analyze.Critical, 0.8
	}
	var words []string
	for _, a := range s.users {
		f.Nodes = append(f.Nodes, a.node.Name)
		words = append(words, fmt.Sprintf("%d on %s", a.Max, a.node.Name))
		if len(f.Evidence) < 2*cite.Most {
			f.Evidence = append(f.Evidence, cite.Known(a.citePool())...)
		}
	}
	slices.Sort(f.Nodes)
	f.Nodes = slices.Compact(f.Nodes)
	pools := "pools"
	if len(s.users) == 1 {
		pools = "pool"
	}
	f.Say("The %s of %s may open %s connections to %s, which takes %s", pools, say.List(f.Nodes),
		say.Amount("pooled", sum, "connections"), s.name, say.Amount("taken", l.room, "connections"))
	f.Impact = fmt.Sprintf("%s of what the database takes was in use when it was asked (%d of %d); from there on "+
		"it refuses connections", say.Percent(use), l.used, l.room)
	f.Explanation = fmt.Sprintf("Pools grow up to their limit under load (%s). The last ones to ask are refused "+
		"(\"too many connections\"), whichever node they are on, and with them backups and "+
		"administrators' tools.", say.List(words))
	if kept := l.max - l.room; kept > 0 {
		f.Explanation += fmt.Sprintf(" Of the server's %d connections %d are kept for administrators.", l.max, kept)
	}
	f.Evidence = append(f.Evidence, cite.Known(analyze.Evidence{Entry: l.entry, Text: fmt.Sprintf("%s: limit %d "+
		"connections, %d open", s.name, l.max, l.used)})...)
	wanted := sum + l.max - l.room
	wanted += max(5, wanted/10)
	f.Advice = []analyze.Advice{{
		Action:  "Let the database take what all pools together may open, and a tenth more for others.",
		Setting: "max_connections of " + s.name,
		From:    fmt.Sprint(l.max),
		To:      fmt.Sprint(wanted),
		Effect:  "No pool is refused a connection.", Risk: "Each connection takes memory of the database's " +
			"machine; PostgreSQL needs a restart for it.", Rollback: "The old value.",
		Verify: "pool-mismatch is silent on a capture with the database's login.",
	}}
	if each := l.room * 9 / 10 / len(s.users); each > 0 {
		smaller := analyze.Advice{
			Action: fmt.Sprintf(
				"Or keep each pool within its share of what the database takes, %d connections",
				each,
			),
			Setting:     "maximum size of the pool on each node",
			From:        say.List(words),
			To:          fmt.Sprint(each),
			Alternative: true,
			Effect:      "The database is never asked for more than it takes.", Risk: "Requests may wait for a " +
				"connection (db-pool-exhausted).", Rollback: "The old values.", Verify: "As above.",
		}
		if n := threadsFor(each); n > 0 &&
			slices.ContainsFunc(s.users, func(a *pooled) bool { return a.Product == "confluence" }) {
			smaller.Action += fmt.Sprintf(", and serve no more than %d requests at once (maxThreads in server.xml)", n)
		}
		smaller.Action += "."
		f.Advice = append(f.Advice, smaller)
	}
	f.References = []string{
		"PostgreSQL documentation: Connections and Authentication, max_connections",
		"MySQL Reference Manual: Too many connections",
	}
	return f
}
