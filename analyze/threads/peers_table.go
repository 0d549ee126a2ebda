package threads

import (
	"cmp"
	"strings"
)

// serverSide is the server's own side of a request: what waits for the network there waits for the user's client.
var serverSide = []string{
	"org.apache.coyote.", "org.apache.tomcat.util.", "org.apache.tomcat.websocket.", "org.apache.catalina.connector.", "org.eclipse.jetty.server.", "org.eclipse.jetty.io.",
	"io.undertow.", "org.glassfish.grizzly.", "sun.rmi.transport.tcp.TCPTransport", "com.sun.net.httpserver.", "sun.net.httpserver.",
	"net/http.(*connReader).", "net/http.checkConnErrorWriter.",
}

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
	{"com.sun.jndi.dns.", "the name server (DNS)"},
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
	{"org.apache.catalina.tribes.", "another cluster member (Tomcat)"},
	{"org.elasticsearch.client.", "Elasticsearch"},
	{"org.apache.solr.client.", "Solr"},
	{"org.apache.activemq.", "the message broker (ActiveMQ)"},
	{"com.rabbitmq.", "the message broker (RabbitMQ)"},
	{"org.apache.kafka.clients.", "Kafka"},
	{"org.apache.zookeeper.", "ZooKeeper"},
	{"org.apache.curator.", "ZooKeeper"},
	{"io.grpc.", "a gRPC service"},
	{"software.amazon.awssdk.", "AWS"},
	{"com.amazonaws.", "AWS"},
	{"sun.rmi.", "another JVM (RMI)"},
	{"java.rmi.", "another JVM (RMI)"},
	{"net/http.", "an HTTP service"},
	{"github.com/jackc/pgx/", "the database (PostgreSQL)"},
	{"github.com/lib/pq.", "the database (PostgreSQL)"},
	{"github.com/go-sql-driver/mysql.", "the database (MySQL)"},
	{"github.com/microsoft/go-mssqldb", "the database (SQL Server)"},
	{"go.mongodb.org/mongo-driver/", "the database (MongoDB)"},
	{"github.com/gocql/gocql.", "the database (Cassandra)"},
	{"github.com/redis/go-redis/", "Redis"},
	{"github.com/go-redis/redis/", "Redis"},
	{"github.com/gomodule/redigo/", "Redis"},
	{"github.com/bradfitz/gomemcache/", "memcached"},
	{"google.golang.org/grpc.(*ClientConn).", "a gRPC service"},
	{"google.golang.org/grpc.(*clientStream).", "a gRPC service"},
	{"github.com/elastic/go-elasticsearch/", "Elasticsearch"},
	{"github.com/segmentio/kafka-go.", "Kafka"},
	{"github.com/IBM/sarama.", "Kafka"},
	{"github.com/nats-io/nats.go.", "the message broker (NATS)"},
	{"github.com/rabbitmq/amqp091-go.", "the message broker (RabbitMQ)"},
	{"github.com/aws/aws-sdk-go", "AWS"},
	{"cloud.google.com/go/", "Google Cloud"},
	{"database/sql.", "the database"},
}

// isWebSocket reports whether a Go function is of a library for WebSockets, whose peer is the user's browser.
func isWebSocket(f *Frame) bool { return inGoModule(f) && strings.Contains(f.Func, "websocket.") }

// OfServer reports whether a method is the server's own side of a request.
func OfServer(fn string) bool { return hasPrefixOf(fn, serverSide) }

// PeerOf names the system that a call goes to; "" when the method belongs to no known client.
func PeerOf(fn string) string {
	for _, c := range clients {
		if strings.HasPrefix(fn, c.prefix) {
			return c.peer
		}
	}
	return ""
}

// CallSite finds the program's own call that led to the top of the stack, and the system it asks; own is false when the
// wait is the server's, for its user's client. Where a framework or the server asks by itself, as a session store or a
// realm does, its call is the site.
func CallSite(frames []*Frame) (site *Frame, peer string, own bool) {
	for _, f := range frames {
		if p := PeerOf(f.Func); p != "" {
			peer = cmp.Or(peer, p)
			continue
		}
		switch {
		case hasPrefixOf(f.Func, serverSide) || isWebSocket(f):
			return site, peer, site != nil
		case InServer(f.Func):
			if site == nil && peer != "" {
				site = f
			}
			return site, peer, site != nil
		case inGoStandard(f) || inGoModule(f):
		case !InLibrary(f.Func):
			return f, peer, true
		case peer != "" && !InRuntime(f.Func):
			site = f
		}
	}
	if f := goSite(frames); f != nil && servesGo(frames) { // all of it was built from modules, the program too
		return f, peer, true
	}
	return nil, peer, false
}

// Calls are the program's own calls on a stack, innermost first: what is neither the runtime's, a library's nor a
// server's.
func Calls(frames []*Frame) (own []*Frame) {
	for _, f := range frames {
		if !InLibrary(f.Func) && !InServer(f.Func) && !inGoStandard(f) && !inGoModule(f) && !generatedCode(f.Func) {
			own = append(own, f)
		}
	}
	if len(own) == 0 && servesGo(frames) { // all of it was built from modules, the program too
		for _, f := range frames {
			if !inGoStandard(f) {
				own = append(own, f)
			}
		}
	}
	return own
}

// generatedCode are classes that no one wrote: proxies, lambdas' own classes.
func generatedCode(fn string) bool {
	return strings.Contains(fn, "$$") || strings.HasPrefix(fn, "com.sun.proxy.") || strings.HasPrefix(fn, "$Proxy")
}
