package dumps

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// callLimits are the settings by which a client bounds the time of a call, by a method seen on the stack of one that waits. The first
// that fits counts: clients stand on others.
var callLimits = []struct{ prefix, setting string }{
	{"feign.", "Request.Options(connectTimeout, readTimeout) of Feign"},
	{"okhttp3.", "OkHttpClient.Builder.callTimeout"},
	{"org.apache.http.", "RequestConfig: setConnectTimeout, setSocketTimeout, setConnectionRequestTimeout"},
	{"org.apache.hc.", "RequestConfig.setResponseTimeout, ConnectionConfig.setConnectTimeout"},
	{"org.apache.commons.httpclient.", "HttpConnectionManagerParams: setConnectionTimeout, setSoTimeout"},
	{"jdk.internal.net.http.", "HttpRequest.Builder.timeout, HttpClient.Builder.connectTimeout"},
	{"sun.net.www.protocol.http", "HttpURLConnection: setConnectTimeout, setReadTimeout"},
	{"sun.rmi.", "-Dsun.rmi.transport.tcp.responseTimeout, -Dsun.rmi.transport.connectionTimeout"},
	{"com.sun.jndi.ldap.", "com.sun.jndi.ldap.connect.timeout, com.sun.jndi.ldap.read.timeout"},
	{"com.sun.jndi.dns.", "com.sun.jndi.dns.timeout.initial, com.sun.jndi.dns.timeout.retries"},
	{"redis.clients.", "connectionTimeoutMillis and socketTimeoutMillis of Jedis"},
	{"io.lettuce.", "RedisURI.timeout, TimeoutOptions of Lettuce"},
	{"com.mongodb.", "timeoutMS, or socketTimeoutMS and maxTimeMS"},
	{"com.datastax.", "basic.request.timeout"},
	{"io.grpc.", "withDeadlineAfter of the stub"},
	{"org.elasticsearch.client.", "RequestConfig.setSocketTimeout of the RestClient"},
	{"com.sun.mail.", "mail.smtp.connectiontimeout, mail.smtp.timeout, mail.smtp.writetimeout"},
	{"org.eclipse.angus.", "mail.smtp.connectiontimeout, mail.smtp.timeout, mail.smtp.writetimeout"},
	{"com.rabbitmq.", "setConnectionTimeout, setChannelRpcTimeout of the ConnectionFactory"},
	{"org.apache.kafka.clients.producer.", "max.block.ms of the producer (60000 by default)"},
	{"org.apache.kafka.clients.consumer.", "default.api.timeout.ms of the consumer (60000 by default)"},
	{"org.apache.activemq.", "jms.sendTimeout of the connection's URL, or useAsyncSend; the broker's producerFlowControl and memory limits say why it waits"},
	{"org.apache.catalina.tribes.", "timeout of the Transport below Channel/Sender (3000 ms by default); channelSendOptions=\"8\" replicates sessions beside the requests"},
	{"net/http.", "Client.Timeout, or a request with a context that has a deadline"},
	{"java.net.DatagramSocket", "DatagramSocket.setSoTimeout"},
	{"sun.nio.ch.DatagramChannelImpl.", "setSoTimeout of the channel's socket, or a Selector with a time limit"},
	{"sun.nio.ch.SocketChannelImpl.", "a Selector with a time limit: the channel's own read has none"},
	{"sun.security.ssl.", "Socket.setSoTimeout before the handshake"},
	{"java.net.Socket", "Socket.connect with a time limit, Socket.setSoTimeout"},
}

// callLimit is the setting that bounds the call in which a thread waits; "" none is known.
func callLimit(frames []*threads.Frame) string {
	for _, l := range callLimits {
		for _, f := range frames[:min(len(frames), 40)] {
			if strings.HasPrefix(f.Func, l.prefix) {
				return l.setting
			}
		}
	}
	return ""
}

// setBy names the settings of a limit.
func setBy(settings string) string {
	if settings == "" {
		return ""
	}
	return " It is set by " + settings + "."
}

// boundCall advises to bound the time of a call of another system; peer is "" where it is not known.
func boundCall(at, peer string, frames []*threads.Frame) analyze.Advice {
	of := ""
	if peer != "" {
		of = " of " + peer
	}
	return analyze.Advice{
		Action: fmt.Sprintf("Give the call%s in %s a connect and a read timeout below what a user waits for, and limit how many "+
			"threads may be in it at once.", of, at) + setBy(callLimit(frames)),
		Effect: "A slow peer costs its own function, not the whole pool.",
		Risk:   "Slow answers that are still wanted become errors. " + codeChange,
		Verify: fmt.Sprintf("Fewer than %d threads wait under %s when the peer is slow.", views.DownstreamThreads.Value, at),
	}
}

// sessionViews are where a database shows which session waits for which, by a part of its name in [threads.PeerOf].
var sessionViews = []struct{ product, view, limit string }{
	{"PostgreSQL", "select pid, state, wait_event_type, pg_blocking_pids(pid), query from pg_stat_activity where state <> 'idle'",
		"lock_timeout, statement_timeout, idle_in_transaction_session_timeout"},
	{"MySQL", "select * from sys.innodb_lock_waits; show full processlist", "innodb_lock_wait_timeout, max_execution_time"},
	{"MariaDB", "select * from information_schema.innodb_lock_waits; show full processlist", "innodb_lock_wait_timeout, max_statement_time"},
	{"Oracle", "select sid, status, event, blocking_session, sql_id from v$session where status = 'ACTIVE'", "ddl_lock_timeout, CPU_PER_CALL of the profile"},
	{"SQL Server", "select session_id, blocking_session_id, wait_type, command from sys.dm_exec_requests", "set lock_timeout"},
	{"Db2", "select * from sysibmadm.mon_lockwaits", "LOCKTIMEOUT"},
}

// changes are methods of JDBC that change data: many at once in one of them want the same rows.
var changes = []string{".executeUpdate", ".executeLargeUpdate", ".executeBatch", ".executeLargeBatch", ".commit", ".rollback"}

// changesData reports whether the statement that a thread waits for changes data.
func changesData(frames []*threads.Frame) bool {
	for _, f := range frames {
		for _, c := range changes {
			if strings.HasSuffix(f.Func, c) {
				return true
			}
		}
		if !threads.InLibrary(f.Func) {
			return false
		}
	}
	return false
}

// logsIn reports whether a connection to a database is being opened.
func logsIn(frames []*threads.Frame) bool {
	for _, f := range frames {
		if strings.HasSuffix(f.Func, ".Driver.connect") || f.Func == "java.sql.DriverManager.getConnection" {
			return true
		}
		if !threads.InLibrary(f.Func) {
			return false
		}
	}
	return false
}

// openSession advises about a database that accepts a connection and does not answer the login.
func openSession(at, peer string) analyze.Advice {
	return analyze.Advice{
		Action: fmt.Sprintf("Set a login and a socket timeout in the URL or the data source by which %s opens its connections, and find out why "+
			"%s accepts the connection and does not answer the login: its limit of sessions, its load, a proxy before it. Take connections "+
			"from a pool.", at, peer) + setBy("loginTimeout, connectTimeout and socketTimeout"),
		Effect: "Requests fail early, and the threads are free.", Risk: "Slow logins become errors.",
		Verify: "No threads stand in " + at + ".",
	}
}

// shortenStatement advises what to do about statements that do not end, as far as the stack of one tells.
func shortenStatement(site *threads.Frame, peer string, frames []*threads.Frame) analyze.Advice {
	if logsIn(frames) {
		return openSession(say.Short(site.Func), peer)
	}
	if b := libs.Borrows(frames); b != nil {
		return views.TestLess(b, say.Short(site.Func), peer)
	}
	at, list, setting := say.Short(site.Func), "", ""
	for _, v := range sessionViews {
		if strings.Contains(peer, v.product) {
			list, setting = " ("+v.view+")", v.limit
		}
	}
	limits := ""
	if setting != "" {
		limits = " These bound it for all: " + setting + "."
	}
	a := analyze.Advice{Risk: "Ending a session rolls its work back. A new index costs space and slows writes.",
		Verify: "Threads under " + at + " come back between two dumps."}
	if changesData(frames) {
		a.Action = fmt.Sprintf("Find the session of the database that blocks those of %s: its statements change data, and many at once most likely "+
			"want a row that another transaction has locked%s. End that session when its transaction is idle, have the code that left it "+
			"open commit or roll back in a finally block, and keep transactions that lock these rows short.", at, list) + limits
		a.Effect = "The lock is free, and all that wait for it go on; with a lock timeout they end with an error instead of standing."
		return a
	}
	a.Action = fmt.Sprintf("Make the statement that %s runs faster: take it from the database's active sessions%s; when none blocks it, look at its "+
		"plan, give it an index or fewer rows; when another session blocks it, end that one and shorten its transaction.", at, list) + limits
	a.Effect = "Requests come back sooner; with a time limit for statements a slow one ends with an error."
	return a
}
