package dumps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle/format/sessions"
)

var (
	dbPoolWaiters = analyze.NewLimit(3, "threads", "that wait for a connection at once", "a healthy pool hands "+
		"out connections in microseconds: three at once are no chance")
	dbPoolFew = analyze.NewLimit(0.3, "1", "request-thread time without a connection where fewer wait",
		"own judgement: two of three requests are no chance")
	dbPoolShare = analyze.NewLimit(0.05, "1", "request-thread time without a connection", "half of the mark of "+
		"congestion: no healthy service has any")
)

var dbPoolExhausted = &analyze.Rule{
	ID:          ids.DBPoolExhausted,
	Doc:         "Threads wait to get a database connection from its pool over several dumps.",
	Needs:       needsDumps(2),
	Fix:         "Give connections back sooner: slow statements first, then leaks; only then a larger pool.",
	ExplainedBy: []string{ids.PinnedVirtualThreads},
	Behind:      behindChains,
	After:       slices.Concat(behindChains, forEver),
	Limits:      []analyze.Threshold{dbPoolWaiters, dbPoolShare, dbPoolFew, contentionDumps, contentionCritical},
	Run:         analyze.Each(dumped(2), judgeDBPool),
}

// poolSettings is what limits a connection pool, and what makes it tell of connections kept too long, by a method
// that its waiting
// threads show.
var poolSettings = []poolSetting{
	{"com.zaxxer.hikari.", "HikariCP", "maximumPoolSize", hikariLeaks},
	{"com.mchange.v2.", "c3p0", "maxPoolSize", leakLog{"unreturnedConnectionTimeout and debugUnreturnedConnectionStackTraces of the pool (c3p0.properties, or hibernate.c3p0.* of the " +
		"session factory)", "0 and false (the defaults)", "60 (seconds) and true", "unreturnedConnectionTimeout"}},
	{"org.apache.commons.dbcp2.", "DBCP 2", "maxTotal", abandoned("removeAbandonedOnBorrow")},
	{"org.apache.tomcat.dbcp.dbcp2.", "Tomcat DBCP 2", "maxTotal", abandoned("removeAbandonedOnBorrow")},
	{"org.apache.tomcat.dbcp.pool2.", "Tomcat DBCP 2", "maxTotal", abandoned("removeAbandonedOnBorrow")},
	{"org.apache.commons.dbcp.", "DBCP", "maxActive", abandoned("removeAbandoned")},
	{"org.apache.tomcat.dbcp.", "Tomcat DBCP", "maxActive", abandoned("removeAbandoned")},
	{"org.apache.tomcat.jdbc.pool.", "Tomcat JDBC pool", "maxActive", leakLog{"logAbandoned and suspectTimeout of the Resource in context.xml or server.xml (Spring Boot: " +
		"spring.datasource.tomcat.*)", "false and 0 (the defaults)", "true and 60 (seconds)", ""}},
	{"com.alibaba.druid.pool.", "Druid", "maxActive", abandoned("removeAbandoned")},
	{"io.agroal.", "Agroal", "max-size", leakLog{"leak-detection-interval of the data source (Quarkus: quarkus.datasource.jdbc.leak-detection-interval)", "not set", "30s", ""}},
	{"oracle.ucp.", "UCP", "MaxPoolSize", leakLog{}},
	{"database/sql.", "database/sql", "SetMaxOpenConns", leakLog{}},
	{"github.com/jackc/pgx/", "pgxpool.Pool", "pool_max_conns of the connection string, or MaxConns of pgxpool.Config", leakLog{}},
	{"go.mongodb.org/mongo-driver/", "mongo-driver", "maxPoolSize of the connection string", leakLog{}},
}

type poolSetting struct {
	prefix, pool, size string
	leaks              leakLog
}

// leakLog is what makes a pool log the stack by which a connection was borrowed that is kept too long, as the pools' manuals have it; closes
// is the limit after which the pool also closes it, under the hands of whoever uses it.
type leakLog struct{ setting, from, to, closes string }

var hikariLeaks = leakLog{"leakDetectionThreshold of the pool (Spring Boot: spring.datasource.hikari.leak-detection-threshold; Hibernate: hibernate.hikari.leakDetectionThreshold)",
	"0 (off, the default)", "30000 (ms)", ""}

func abandoned(remove string) leakLog {
	return leakLog{"logAbandoned, " + remove + " and removeAbandonedTimeout of the data source (Resource in context.xml or server.xml)",
		"false, false and 300 (the defaults)", "true, true and 300 (seconds)", "removeAbandonedTimeout"}
}

// productSettings overrides the setting's name where a product keeps it in a file of its own. These products ask for
// a pool that
// exceeds the request threads, see sizeFor.
var productSettings = []struct{ app, pool, setting string }{
	{"confluence", "HikariCP", "hibernate.hikari.maximumPoolSize in confluence.cfg.xml"},
	{"confluence", "c3p0", "hibernate.c3p0.max_size in confluence.cfg.xml"},
	{"jira", "DBCP 2", "pool-max-size in dbconfig.xml"},
}

// judgeDBPool counts threads that wait for a connection, and those that use one.
func judgeDBPool(pass *analyze.Pass, v *view) []analyze.Finding {
	dead := explained(v.found(pass, forEver...)...)
	waiting := v.Sightings(func(t *threads.Thread, w threads.Wait) bool {
		return !dead[t] && (w.Kind == threads.WaitDBPool || w.Kind == threads.WaitLock && atConnectionPool(t))
	})
	lost := v.LossOf(waiting)
	few := v.AtLeast(waiting, 2) >= contentionDumps.Value && lost.Share >= dbPoolFew.Value
	if lost.Share < dbPoolShare.Value || !few && v.AtLeast(waiting, dbPoolWaiters.Value) < contentionDumps.Value {
		return nil
	}
	pool, product := v.poolSetting(waiting[0].Thread)
	holders, sites := v.connectionHolders(dead)
	p := problem{account: account{sightings: append(slices.Clone(waiting), holders...)}}
	p.Severity, p.Weight, p.Confidence = lost.Severity(contentionCritical.Value), lost.Weight(), analyze.High
	peak := v.Peak(waiting)
	p.Say("%s wait for a database connection (%s)", v.Crowd(peak).Capital(), pool.pool)
	inUse := 0
	for _, n := range v.PerDump(holders) {
		inUse = max(inUse, n)
	}
	if inUse > 0 {
		p.Add("; %s the database, most under %s", heldBy(inUse), say.Short(sites[0].site))
	}
	keepers := relations{}
	if at := v.weighAt(pass, waiting[0].Thread); at != nil {
		if inUse == 0 {
			keepers = v.connectionKeepers(v.lossAccount(pass), at)
			p.Add(" %s%s", at.where(), keepers.title)
			p.sightings = append(p.sightings, keepers.explained...)
		}
		p.About = at.about()
	}
	p.Impact = fmt.Sprintf(
		"%s: on average %s threads without a connection",
		lost.Impact(), say.Number(float64(len(waiting))/float64(v.Dumps())),
	)
	p.Explanation = "All connections of the pool are in use, and requests stand still until one comes back. "
	if inUse > 0 {
		p.Explanation += fmt.Sprintf("Those in use are kept by threads that wait for the database, up to %d at "+
			"once: slow queries keep connections longer than their number allows.", inUse)
	} else if keepers.any {
		p.Explanation += "No thread is seen at work in the database: connections are kept during other work, by " +
			"threads that " + asPlural(keepers.holds) + "."
	} else {
		p.Explanation += "No thread is seen that has one: they were taken and never given back (a leak)."
	}
	p.Evidence = append(v.CiteAll(waiting, cite.Most/2), v.CiteAll(append(holders, keepers.explained...), cite.Most/2)...)
	p.Advice = v.dbAdvice(pool, product, inUse, sites)
	if inUse == 0 && keepers.any {
		p.Advice = append([]analyze.Advice{{
			Action: "Give the connection back before other work begins: its holders " + asPlural(keepers.holds) + " while they keep one.",
			Effect: "Connections come back in milliseconds.", Risk: codeChange, Verify: "Nobody waits for a " +
				"connection under the same load.",
		}}, p.Advice...)
	}
	p.References = []string{"HikariCP: About Pool Sizing", "Atlassian: Tune database connections"}
	f := p.finding()
	f.Explanation += v.inUseAt(peak[0].Dump)
	if cause := v.chainOf(pass, &f); cause != nil {
		f.Advice = []analyze.Advice{{
			Action: "Cure " + cause.ID + " first: the connections are held behind it, and a larger pool would only put more sessions there.",
			Effect: "Connections come back in milliseconds.", Risk: "See there.",
			Verify: "No thread waits for a connection under the same load.",
		}}
	}
	return []analyze.Finding{f}
}

// weighAt is the place where a thread waits; nil: it does not.
func (v *view) weighAt(pass *analyze.Pass, t *threads.Thread) *place {
	a := v.lossAccount(pass)
	if p := a.PlaceOf(t); p != nil {
		return v.weigh(a, p)
	}
	return nil
}

// connectionKeepers are those that have a connection and use it for other work.
func (v *view) connectionKeepers(a *loss.Account, w *place) relations {
	r := w.relate(a.Holders(w.Place), "holds one", "hold one")
	if own := v.ownPool(); !r.any && own != nil && own.Max > 1 {
		r = w.relate(a.Exactly(w.Place, own.Max), "most likely holds one", "most likely hold one each, as many as the pool is large,")
	}
	if !r.any {
		r.title = "; nobody is seen to hold one"
	}
	return r
}

func heldBy(n int) say.Phrase {
	if n == 1 {
		return say.Text("%s uses", say.Counted("in_use", n, "thread"))
	}
	return say.Text("%s use", say.Counted("in_use", n, "thread"))
}

// inUseAt says what the sessions of the process do at a dump, where the database was asked.
func (v *view) inUseAt(dump int) string {
	if v.graph == nil {
		return ""
	}
	var blocked, open, active, idle int
	all := v.graph.SessionsOf(v.Series, dump)
	for _, s := range all {
		switch {
		case database.Blocked(s):
			blocked++
		case s.State.InTransaction():
			open++
		case s.State == sessions.Active:
			active++
		default:
			idle++
		}
	}
	if len(all) == 0 {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{blocked, "waiting for another session"}, {open, "idle in transaction"}, {active, "running a statement"}, {idle, "idle"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return fmt.Sprintf(" By the database's own word it has %s of this process: %s.", say.Count(len(all), "session"), say.List(parts))
}

func atConnectionPool(t *threads.Thread) bool {
	frames := skipLockCalls(t.Stack.Frames)
	return libs.Within(frames[:min(len(frames), 3)], libs.ConnectionPools)
}

// poolSetting names the pool that a thread waits for and its settings; product says that a known product's file has
// its size.
func (v *view) poolSetting(t *threads.Thread) (pool poolSetting, product bool) {
	pool = poolSetting{pool: "connection pool", size: "the pool's maximum size"}
	if _, name, named := strings.Cut(v.Series.Wait(t).Text, "database connection ("); named {
		pool.pool = strings.TrimSuffix(name, ")")
	}
	for _, f := range t.Stack.Frames {
		i := slices.IndexFunc(poolSettings, func(s poolSetting) bool { return strings.HasPrefix(f.Func, s.prefix) })
		if i >= 0 {
			pool = poolSettings[i]
			break
		}
	}
	if v.JVM != nil {
		for _, s := range productSettings {
			if s.pool == pool.pool && strings.Contains(strings.ToLower(v.JVM.App+" "+v.Subject), s.app) {
				pool.size, product = s.setting, true
			}
		}
	}
	return pool, product
}

// holderSite is a call of the program for which threads use the database.
type holderSite struct {
	site  string
	count int
	call  *threads.Frame
	peer  string
	stack []*threads.Frame // of one of them
}

// connectionHolders are threads at work in a database driver, and the program's calls they do it for, most frequent
// first.
func (v *view) connectionHolders(dead map[*threads.Thread]bool) (list []views.Sighting, sites []holderSite) {
	of := map[string]*holderSite{}
	list = v.Sightings(func(t *threads.Thread, w threads.Wait) bool {
		if dead[t] || !w.Busy() || w.Kind == threads.WaitDBPool {
			return false
		}
		site, peer, own := threads.CallSite(t.Stack.Frames)
		if !own || !strings.HasPrefix(peer, "the database") {
			return false
		}
		if of[site.Func] == nil {
			of[site.Func] = &holderSite{site.Func, 0, site, peer, t.Stack.Frames}
		}
		of[site.Func].count++
		return true
	})
	for _, s := range of {
		sites = append(sites, *s)
	}
	slices.SortFunc(
		sites,
		func(a, b holderSite) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.site, b.site)) },
	)
	return list, sites
}

func (v *view) dbAdvice(pool poolSetting, product bool, inUse int, sites []holderSite) []analyze.Advice {
	first := analyze.Advice{
		Action: "Have the pool log who keeps a connection too long: the stack in its message is the code that does not give it back, " +
			"and wants a finally or try-with-resources.",
		Setting: pool.leaks.setting,
		From:    pool.leaks.from,
		To:      pool.leaks.to,
		Effect:  "Names the code that borrows and does not return.",
		Risk:    "A little logging.",
		Verify:  "No such message, and nobody waits for a connection.",
	}
	switch {
	case pool.leaks.closes != "":
		first.Risk = "The pool also closes what is kept longer than " + pool.leaks.closes + ", under the hands of whoever uses it."
	case pool.leaks.setting == "":
		first.Action = "Have the developers look for connections, results and transactions that are not closed on every way out of the code that " +
			"opens them, errors included."
		first.Effect, first.Risk = "Every connection comes back.", codeChange
		first.Verify = "Nobody waits for a connection under the same load."
	}
	if inUse > 0 {
		first = shortenStatement(sites[0].call, sites[0].peer, sites[0].stack)
		first.Effect = "Each connection comes back sooner: the only cure that does not load the database more."
		first.Verify = "Fewer threads at once in the driver under " + say.Short(sites[0].site) + "."
	}
	size := analyze.Advice{
		Action:  "Only then enlarge the pool, in steps.",
		Setting: pool.size,
		Effect:  "Requests wait for the database itself and no longer for a connection.",
		Risk: "More statements run at once: a database that is the limit gets slower, and its own connection " +
			"limit must allow it on all nodes together.",
		Verify: "No thread waits for a connection, and the database's response times did not rise.",
	}
	size.To = "a quarter more than now"
	if inUse > 0 {
		size.From = fmt.Sprintf("about %d (connections seen in use)", inUse)
		size.To = fmt.Sprint(inUse + max(inUse/4, 1))
	}
	n := v.requestThreads()
	if a := v.ownPool(); a != nil { // its configuration knows better than the dumps
		size.Setting, size.From, size.To = a.setting(), fmt.Sprint(a.Max), a.nextStep()
		if threads, _, _ := a.threads(); threads > n {
			n = threads
		}
	}
	if n > 0 && product {
		size.To = fmt.Sprintf("%d (for %d request threads)", sizeFor(n), n)
	}
	return []analyze.Advice{first, size}
}

// ownPool is the one pool that the configuration of the process tells of; nil: none, or several.
func (v *view) ownPool() *pooled {
	if v.JVM == nil {
		return nil
	}
	s := v.JVM.Settings()
	if len(s.Pools) != 1 {
		return nil
	}
	return &pooled{node: v.Node, jvm: v.JVM, view: v, subject: v.Subject, Settings: s, Pool: s.Pools[0]}
}

// sizeFor is what Confluence checks at its start: at least 10 connections more than request threads, and a quarter
// more.
func sizeFor(requestThreads int) int { return max(requestThreads+10, (5*requestThreads+3)/4) }

// requestThreads is the largest number of threads that serve requests in one dump.
func (v *view) requestThreads() int {
	most := 0
	for i := range v.Series.Dumps {
		n := 0
		for _, p := range v.Pools {
			if p.Requests {
				n += p.Counts[i].Size
			}
		}
		most = max(most, n)
	}
	return most
}
