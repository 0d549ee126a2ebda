package rules

import (
	"testing"

	"casefile/analyze/threads"
)

// Between a program and its database stand what wraps the driver and what makes the statements: none of it is the program, and none
// of it the server's own side.
func TestCallSiteBelowWrappers(t *testing.T) {
	const driver = "org.postgresql.core.v3.QueryExecutorImpl.execute"
	for _, wrapper := range []string{
		"org.apache.tomcat.dbcp.dbcp2.DelegatingStatement.execute", "org.apache.commons.dbcp2.DelegatingPreparedStatement.executeQuery",
		"org.apache.tomcat.jdbc.pool.StatementFacade$StatementProxy.invoke", "com.zaxxer.hikari.pool.HikariProxyPreparedStatement.executeQuery",
		"com.mchange.v2.c3p0.impl.NewProxyPreparedStatement.executeQuery", "com.alibaba.druid.pool.DruidPooledPreparedStatement.executeQuery",
		"io.agroal.pool.wrapper.PreparedStatementWrapper.executeQuery", "org.jboss.jca.adapters.jdbc.WrappedPreparedStatement.executeQuery",
		"weblogic.jdbc.wrapper.PreparedStatement.executeQuery", "com.ibm.ws.rsadapter.jdbc.WSJdbcPreparedStatement.executeQuery",
		"com.p6spy.engine.wrapper.PreparedStatementWrapper.executeQuery", "net.ttddyy.dsproxy.proxy.jdk.PreparedStatementInvocationHandler.invoke",
		"net.bull.javamelody.JdbcWrapper.doExecute", "jdk.proxy2.$Proxy41.executeQuery", "com.sun.proxy.$Proxy41.executeQuery",
		"org.hibernate.loader.Loader.getResultSet", "org.springframework.jdbc.core.JdbcTemplate.execute", "org.apache.ibatis.executor.SimpleExecutor.doQuery",
		"org.jooq.impl.AbstractQuery.execute", "org.eclipse.persistence.internal.databaseaccess.DatabaseAccessor.executeSelect", "net.java.ao.EntityManager.find",
		"org.apache.openjpa.jdbc.kernel.JDBCStoreManager.executeQuery",
	} {
		for _, own := range []string{"com.acme.OrderDao.find", "org.apache.jsp.orders_jsp._jspService"} {
			var frames []*threads.Frame
			for _, fn := range []string{"sun.nio.ch.Net.poll", driver, wrapper, own, "javax.servlet.http.HttpServlet.service", "org.apache.coyote.AbstractProtocol$ConnectionHandler.process"} {
				frames = append(frames, &threads.Frame{Func: fn})
			}
			site, peer, found := threads.CallSite(frames)
			if !found || site.Func != own || peer != "the database (PostgreSQL)" {
				t.Errorf("%s: %v, %q, %v", wrapper, site, peer, found)
			}
		}
	}
	// A framework's session store asks for the request, and no code of the program.
	frames := []*threads.Frame{{Func: "sun.nio.ch.Net.poll"}, {Func: "redis.clients.jedis.Protocol.read"}, {Func: "org.springframework.data.redis.connection.jedis.JedisConnection.execute"},
		{Func: "org.springframework.session.web.http.SessionRepositoryFilter.doFilterInternal"}, {Func: "org.apache.catalina.core.ApplicationFilterChain.doFilter"}}
	if site, peer, own := threads.CallSite(frames); !own || peer != "Redis" || site.Func != "org.springframework.session.web.http.SessionRepositoryFilter.doFilterInternal" {
		t.Errorf("%v, %q, %v", site, peer, own)
	}
	// The server's own realm asks the database.
	frames = []*threads.Frame{{Func: "sun.nio.ch.Net.poll"}, {Func: "org.postgresql.core.v3.QueryExecutorImpl.execute"}, {Func: "org.apache.catalina.realm.DataSourceRealm.getPassword"}, {Func: "org.apache.catalina.connector.CoyoteAdapter.service"}}
	if site, peer, own := threads.CallSite(frames); !own || peer != "the database (PostgreSQL)" || site.Func != "org.apache.catalina.realm.DataSourceRealm.getPassword" {
		t.Errorf("%v, %q, %v", site, peer, own)
	}
	// A connector that reads a request.
	frames = []*threads.Frame{{Func: "sun.nio.ch.SocketChannelImpl.read"}, {Func: "org.apache.tomcat.util.net.NioChannel.read"}, {Func: "org.apache.coyote.http11.Http11InputBuffer.fill"}, {Func: "com.acme.Upload.run"}}
	if site, _, own := threads.CallSite(frames); own {
		t.Errorf("the server's own side is the program's: %v", site)
	}
}
