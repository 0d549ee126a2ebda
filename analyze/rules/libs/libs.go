// Package libs tells by the names of methods whose code they are: libraries, pools, drivers, servers.
package libs

import (
	"cmp"
	"strings"

	"casefile/analyze/threads"
)

// Prefixes of methods by the kind of code they belong to.
var (
	LogLibraries = []string{
		"java.util.logging.", "org.apache.log4j.", "org.apache.logging.log4j.", "org.apache.logging.slf4j.",
		"ch.qos.logback.", "org.slf4j.",
		"org.apache.commons.logging.", "org.apache.juli.", "org.jboss.logmanager.", "org.jboss.logging.",
		"org.tinylog.", "weblogic.logging.",
		"java.io.PrintStream.print", "java.io.PrintStream.write", "java.io.PrintStream.implWrite",
		"java.io.PrintStream.format",
		"org.apache.catalina.valves.AccessLogValve.log", "org.apache.catalina.valves.AbstractAccessLogValve.log",
		"org.apache.catalina.valves.AbstractAccessLogValve$",
	}

	ConnectionPools = []string{
		"com.zaxxer.hikari.", "com.mchange.v2.", "org.apache.commons.dbcp", "org.apache.commons.pool",
		"org.apache.tomcat.dbcp.",
		"org.apache.tomcat.jdbc.pool.", "com.alibaba.druid.pool.", "io.agroal.", "oracle.ucp.", "com.jolbox.bonecp.",
		"org.jboss.jca.",
		"weblogic.jdbc.common.internal.", "com.ibm.ejs.j2c.", "net.bull.javamelody.JdbcWrapper",
	}

	ClassLoading = []string{
		"java.lang.ClassLoader.", "java.lang.Class.forName", "jdk.internal.loader.", "sun.misc.Launcher$",
		"java.net.URLClassLoader.",
		"java.security.SecureClassLoader.", "org.apache.catalina.loader.",
		"org.apache.felix.framework.BundleWiringImpl.",
		"org.eclipse.osgi.internal.loader.", "org.springframework.boot.loader.", "org.jboss.modules.",
		"java.lang.invoke.LambdaMetafactory.",
	}

	// idleLocks guard a place where threads queue for work: one of them accepts or selects, the others wait their turn.
	IdleLocks = []string{
		"sun.nio.ch.ServerSocketChannelImpl.accept", "sun.nio.ch.NioSocketImpl.accept", "java.net.ServerSocket.",
		"java.net.PlainSocketImpl.accept",
		"java.net.AbstractPlainSocketImpl.accept", "sun.nio.ch.SelectorImpl.lockAndDoSelect",
		"org.apache.tomcat.util.net.JIoEndpoint$Acceptor",
		"org.apache.tomcat.util.net.LeaderFollowerWorkerThread", "weblogic.socket.", "com.ibm.io.async.", "com.caucho.",
	}

	// serverSide is the server's own side of a request: what waits for the network there waits for the user's client.
	ServerSide = []string{
		"org.apache.coyote.", "org.apache.tomcat.util.", "org.apache.tomcat.websocket.",
		"org.apache.catalina.connector.", "org.eclipse.jetty.server.", "org.eclipse.jetty.io.",
		"io.undertow.", "org.glassfish.grizzly.", "sun.rmi.transport.tcp.", "com.sun.net.httpserver.",
		"sun.net.httpserver.",
	}

	// workFrames show that a thread runs a task or a request, and does not merely own a connection.
	WorkFrames = []string{
		"java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.FutureTask.run",
		"java.util.concurrent.ForkJoinTask.doExec",
		"javax.servlet.", "jakarta.servlet.", "org.apache.catalina.core.", "org.springframework.web.",
		"org.quartz.core.JobRunShell.run",
		"com.atlassian.scheduler.", "org.eclipse.jetty.server.handler.", "io.undertow.server.",
	}

	// requestFrames show that a thread serves a request.
	RequestFrames = []string{
		"javax.servlet.http.HttpServlet.service", "jakarta.servlet.http.HttpServlet.service",
		"org.apache.catalina.core.StandardWrapperValve.invoke",
		"org.apache.catalina.core.ApplicationFilterChain.doFilter",
		"org.springframework.web.servlet.DispatcherServlet.doDispatch",
		"io.undertow.server.Connectors.executeRootHandler",
		"com.sun.net.httpserver.Filter$Chain.doFilter", "io.helidon.webserver.http.HttpRouting.route",
	}

	// plainLocks are classes that do not tell what the lock guards.
	PlainLocks = []string{
		"Object",
		"ReentrantLock",
		"ReentrantReadWriteLock",
		"StampedLock",
		"byte[]",
		"String",
		"HashMap",
		"ConcurrentHashMap$Node",
	}
)

// clients are libraries that talk to another system, with what they talk to.
var clients = []struct{ prefix, peer string }{
	{"org.postgresql.", "the database (PostgreSQL)"},
	{"com.mysql.", "the database (MySQL)"},
	{"org.mariadb.", "the database (MariaDB)"},
	{"oracle.jdbc.", "the database (Oracle)"},
	{"oracle.net.", "the database (Oracle)"},
	{"com.microsoft.sqlserver.", "the database (SQL Server)"},
	{"net.sourceforge.jtds.", "the database (SQL Server)"},
	{"com.ibm.db2.", "the database (Db2)"},
	{"org.h2.", "the database (H2)"},
	{"com.mongodb.", "the database (MongoDB)"},
	{"com.datastax.", "the database (Cassandra)"},
	{"redis.clients.", "Redis"},
	{"io.lettuce.", "Redis"},
	{"net.spy.memcached.", "memcached"},
	{"com.sun.jndi.ldap.", "the directory (LDAP)"},
	{"javax.naming.", "the directory (LDAP)"},
	{"com.sun.mail.", "the mail server"},
	{"javax.mail.", "the mail server"},
	{"jakarta.mail.", "the mail server"},
	{"org.eclipse.angus.", "the mail server"},
	{"org.apache.http.", "an HTTP service"},
	{"org.apache.hc.", "an HTTP service"},
	{"org.apache.commons.httpclient.", "an HTTP service"},
	{"sun.net.www.", "an HTTP service"},
	{"jdk.internal.net.http.", "an HTTP service"},
	{"java.net.HttpURLConnection", "an HTTP service"},
	{"okhttp3.", "an HTTP service"},
	{"okio.", "an HTTP service"},
	{"feign.", "an HTTP service"},
	{"retrofit2.", "an HTTP service"},
	{"org.springframework.http.client.", "an HTTP service"},
	{"org.springframework.web.client.", "an HTTP service"},
	{"com.hazelcast.", "another cluster member (Hazelcast)"},
	{"org.elasticsearch.client.", "Elasticsearch"},
	{"org.apache.solr.client.", "Solr"},
	{"software.amazon.awssdk.", "AWS"},
	{"com.amazonaws.", "AWS"},
	{"net/http.", "an HTTP service"},
	{"database/sql.", "the database"},
}

func StartsWith(fn string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(fn, p) {
			return true
		}
	}
	return false
}

// Within says that one of the frames begins with one of the prefixes.
func Within(frames []*threads.Frame, prefixes []string) bool {
	for _, f := range frames {
		if StartsWith(f.Func, prefixes) {
			return true
		}
	}
	return false
}

// peerOf names the system that a call goes to; "" when the method belongs to no known client.
func peerOf(fn string) string {
	for _, c := range clients {
		if strings.HasPrefix(fn, c.prefix) {
			return c.peer
		}
	}
	return ""
}

// CallSite finds the program's own call that led to the top of the stack, and the system it asks; own is false when
// the wait is the
// server's, for its user's client. Where a framework or the server asks by itself, as a session store or a realm
// does, its call is the site.
func CallSite(frames []*threads.Frame) (site *threads.Frame, peer string, own bool) {
	for _, f := range frames {
		if p := peerOf(f.Func); p != "" {
			peer = cmp.Or(peer, p)
			continue
		}
		switch {
		case StartsWith(f.Func, ServerSide):
			return site, peer, site != nil
		case threads.InServer(f.Func):
			if site == nil && peer != "" {
				site = f
			}
			return site, peer, site != nil
		case !threads.InLibrary(f.Func):
			return f, peer, true
		case peer != "" && !threads.InRuntime(f.Func):
			site = f
		}
	}
	return nil, peer, false
}
