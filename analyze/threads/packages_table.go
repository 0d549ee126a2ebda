package threads

import "strings"

// runtimePackages are not where a program's own calls are.
var runtimePackages = []string{"java.", "javax.", "jakarta.", "sun.", "jdk.", "com.sun.", "jrockit.", "oracle.jrockit.", "com.ibm.jvm.", "openj9."}

// servers are the packages of connectors and containers. A thread that has nothing else on its stack serves no request.
var servers = []string{
	"org.apache.coyote.", "org.apache.tomcat.", "org.apache.catalina.", "org.apache.jk.", "org.apache.ajp.", "org.apache.jasper.",
	"org.eclipse.jetty.", "org.mortbay.", "io.undertow.", "org.xnio.", "org.jboss.threads.", "org.wildfly.", "weblogic.", "jeus.", "com.ibm.ws.", "com.ibm.io.async.",
	"io.netty.", "io.vertx.core.", "org.glassfish.grizzly.", "com.caucho.",
}

// libraries stand between a program and what it waits for.
var libraries = []string{
	// database pools and drivers
	"com.zaxxer.hikari.", "com.mchange.", "org.apache.commons.dbcp", "org.apache.commons.pool", "com.alibaba.druid.", "io.agroal.", "com.jolbox.bonecp.", "oracle.ucp.", "org.jboss.jca.",
	"org.apache.tomcat.dbcp.", "org.apache.tomcat.jdbc.", "weblogic.jdbc.", "com.ibm.ws.rsadapter.", "com.ibm.ejs.j2c.", "com.p6spy.", "net.ttddyy.dsproxy.", "net.bull.javamelody.",
	"org.postgresql.", "com.mysql.", "org.mariadb.jdbc.", "oracle.jdbc.", "oracle.net.", "com.microsoft.sqlserver.", "net.sourceforge.jtds.", "org.h2.", "org.hsqldb.", "com.ibm.db2.", "com.mongodb.", "redis.clients.", "io.lettuce.",
	// persistence
	"org.hibernate.", "net.sf.hibernate.", "org.springframework.", "org.apache.ibatis.", "org.jooq.", "org.eclipse.persistence.", "com.querydsl.", "net.java.ao.", "org.apache.openjpa.", "org.jdbi.", "org.skife.jdbi.", "bucket.core.", "com.atlassian.crowd.embedded.spi.",
	// clients
	"org.apache.http.", "org.apache.hc.", "org.apache.commons.httpclient.", "okhttp3.", "okio.", "com.squareup.", "feign.", "retrofit2.", "org.asynchttpclient.", "io.grpc.", "reactor.", "software.amazon.awssdk.", "com.amazonaws.",
	// cluster, cache, messages
	"com.hazelcast.", "org.infinispan.", "org.jgroups.", "net.sf.ehcache.", "org.ehcache.", "com.tangosol.", "org.apache.kafka.clients.", "org.apache.kafka.common.", "org.apache.kafka.streams.", "com.rabbitmq.",
	"org.apache.activemq.ActiveMQ", "org.apache.activemq.transport.", "org.apache.zookeeper.Client", "org.apache.zookeeper.ZooKeeper", "org.apache.curator.",
	// logging
	"org.apache.log4j.", "org.apache.logging.", "ch.qos.logback.", "org.slf4j.", "org.apache.commons.logging.", "org.jboss.logging.",
	// tools of the language
	"com.google.common.", "com.google.gson.", "com.fasterxml.", "org.apache.commons.", "kotlin.", "kotlinx.", "scala.", "clojure.", "groovy.", "org.codehaus.groovy.", "io.micrometer.", "io.opentelemetry.",
	"com.yammer.metrics.", "com.codahale.metrics.", "io.dropwizard.metrics.",
}

// requestEntries are methods below which a thread serves a request: of a user, of another service, of a queue of messages.
var requestEntries = []string{
	"javax.servlet.http.HttpServlet.service", "jakarta.servlet.http.HttpServlet.service", "org.apache.catalina.core.StandardWrapperValve.invoke", "org.apache.catalina.connector.CoyoteAdapter.service",
	"org.apache.catalina.core.ApplicationFilterChain.doFilter", "org.eclipse.jetty.server.Server.handle", "org.eclipse.jetty.server.Handler$",
	"org.springframework.web.servlet.DispatcherServlet.doDispatch", "io.undertow.server.Connectors.executeRootHandler",
	"com.sun.net.httpserver.Filter$Chain.doFilter", "sun.net.httpserver.AuthFilter.doFilter", "io.helidon.webserver.http.HttpRouting.route",
	// event loops and what is built on them
	"io.netty.channel.AbstractChannelHandlerContext.invokeChannelRead", "io.netty.channel.SimpleChannelInboundHandler.channelRead",
	"org.springframework.web.reactive.DispatcherHandler.", "reactor.netty.http.server.HttpServerHandle", "reactor.netty.http.server.HttpServerOperations.",
	"io.vertx.ext.web.impl.RouteState.handle", "io.vertx.ext.web.impl.RouterImpl.handle", "io.vertx.core.http.impl.Http1xServerConnection.", "io.vertx.core.http.impl.Http1xServerRequest",
	"org.jboss.resteasy.core.", "org.glassfish.jersey.server.",
	// calls of other services and messages
	"io.grpc.internal.ServerCallImpl$", "io.grpc.internal.ServerImpl$JumpToApplicationThreadServerStreamListener$", "io.grpc.stub.ServerCalls$",
	"akka.actor.ActorCell.invoke", "org.apache.pekko.actor.ActorCell.invoke", "akka.actor.Actor.aroundReceive", "org.apache.pekko.actor.Actor.aroundReceive",
	"org.springframework.jms.listener.AbstractMessageListenerContainer.invokeListener", "org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer.invokeListener",
	"org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.invokeOnMessage",
	"org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.doInvokeRecordListener",
	"com.rabbitmq.client.impl.ConsumerDispatcher", "sun.rmi.server.UnicastServerRef.dispatch",
}

// ServesRequest reports whether a stack is that of a request at work, by the server's call of the program, or by a listener of messages.
func ServesRequest(frames []*Frame) bool {
	for i, f := range frames {
		if hasPrefixOf(f.Func, requestEntries) || i > 0 && strings.HasSuffix(f.Func, ".onMessage") && !InRuntime(f.Func) {
			return true
		}
	}
	return false
}

// CalledByServer reports whether the program's outermost call in a task of a pool was made by a server or its framework.
func CalledByServer(frames []*Frame) bool {
	last := -1
	for i, f := range frames {
		if !InLibrary(f.Func) && !InServer(f.Func) {
			last = i
		}
	}
	for _, f := range frames[last+1:] {
		switch {
		case InRuntime(f.Func):
		case last < 0 || !InServer(f.Func) && !strings.HasPrefix(f.Func, "reactor."):
			return false
		default:
			return InTask(frames) && !hasPrefixOf(f.Func, poolFrames)
		}
	}
	return false
}

// poolFrames are the pools of servers themselves, which run anything.
var poolFrames = []string{"org.apache.tomcat.util.threads.", "org.jboss.threads.", "io.netty.util.concurrent.", "org.eclipse.jetty.util.thread.", "org.xnio."}

// goEntries are the same of a Go service.
var goEntries = []string{"net/http.serverHandler.ServeHTTP", "net/http.HandlerFunc.ServeHTTP", "google.golang.org/grpc.(*Server).handleStream",
	"google.golang.org/grpc.(*Server).processUnaryRPC", "net/rpc.(*service).call", "net/http.(*timeoutHandler).ServeHTTP.func"}

func servesGo(frames []*Frame) bool {
	for _, f := range frames {
		if hasPrefixOf(f.Func, goEntries) {
			return true
		}
	}
	return false
}

// AtRequest reports whether the thread, or goroutine, was serving a request when the dump was taken.
func (t *Thread) AtRequest() bool {
	if t.goroutine {
		return servesGo(t.Stack.Frames)
	}
	return ServesRequest(t.Stack.Frames)
}
