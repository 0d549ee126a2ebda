// Package libs tells by the names of methods whose code they are: libraries, pools, drivers, servers.
package libs

import (
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
		"java.lang.ClassLoader.", "java.lang.Class.forName", "jdk.internal.loader.", "sun.misc.Launcher$", "java.net.URLClassLoader.",
		"java.security.SecureClassLoader.", "org.apache.catalina.loader.", "org.apache.felix.framework.BundleWiringImpl.",
		"org.eclipse.osgi.internal.loader.", "org.springframework.boot.loader.", "sun.misc.URLClassPath", "java.lang.Class.forName0", "org.jboss.modules.", "java.lang.invoke.LambdaMetafactory.",
	}

	// idleLocks guard a place where threads queue for work: one of them accepts or selects, the others wait their turn.
	IdleLocks = []string{
		"sun.nio.ch.ServerSocketChannelImpl.accept", "sun.nio.ch.NioSocketImpl.accept", "java.net.ServerSocket.",
		"java.net.PlainSocketImpl.accept",
		"java.net.AbstractPlainSocketImpl.accept", "sun.nio.ch.SelectorImpl.lockAndDoSelect",
		"org.apache.tomcat.util.net.JIoEndpoint$Acceptor",
		"org.apache.tomcat.util.net.LeaderFollowerWorkerThread", "weblogic.socket.", "com.ibm.io.async.", "com.caucho.",
	}

	// workFrames show that a thread runs a task or a request, and does not merely own a connection.
	WorkFrames = []string{
		"java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.FutureTask.run",
		"java.util.concurrent.ForkJoinTask.doExec",
		"javax.servlet.", "jakarta.servlet.", "org.apache.catalina.core.", "org.springframework.web.",
		"org.quartz.core.JobRunShell.run",
		"com.atlassian.scheduler.", "org.eclipse.jetty.server.handler.", "io.undertow.server.",
	}

	// WriteLocks are what wants a read-write lock to write.
	WriteLocks = []string{"java.util.concurrent.locks.ReentrantReadWriteLock$WriteLock.", "java.util.concurrent.locks.StampedLock.writeLock"}

	// PlainLocks are classes that do not tell what the lock guards.
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
