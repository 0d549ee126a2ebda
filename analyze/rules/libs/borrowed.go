package libs

import (
	"slices"
	"strings"

	"casefile/analyze/threads"
)

// Borrowing is what a pool of connections does in the thread of who asks it for one, before it hands it out.
type Borrowing struct {
	Pool string
	// Tests says that it tests the connection: it asks the database whether it answers, each time one is borrowed.
	Tests bool
	// Setting, From and To bound how often it tests, as the pool's manual has them; "" not known.
	Setting, From, To string
	Also              string // what else bounds it, a sentence; "" nothing
}

// borrowings are pools by a prefix of their methods.
var borrowings = []struct {
	prefix string
	Borrowing
}{
	{"com.zaxxer.hikari.", Borrowing{Pool: "HikariCP", Setting: "connectionTestQuery of the pool (Spring Boot: spring.datasource.hikari.connection-test-query)",
		From: "a statement", To: "not set",
		Also: "Without it HikariCP asks Connection.isValid of the driver, which is cheaper. HikariCP tests a connection only when it lay unused for longer than -Dcom.zaxxer.hikari.aliveBypassWindowMs (500 ms by default); " +
			"keepaliveTime tests idle ones beside the requests."}},
	{"com.mchange.v2.", Borrowing{Pool: "c3p0", Setting: "testConnectionOnCheckout", From: "true", To: "false, with testConnectionOnCheckin=true and " +
		"idleConnectionTestPeriod=60 (seconds)", Also: "Without preferredTestQuery c3p0 asks Connection.isValid of the driver, which is cheaper."}},
	{"org.apache.tomcat.jdbc.pool.", Borrowing{Pool: "Tomcat JDBC pool", Setting: "validationInterval, testOnBorrow", From: "testOnBorrow=true",
		To: "testOnBorrow=false with testWhileIdle=true, or validationInterval=30000 (ms)", Also: "Without validationQuery it asks Connection.isValid of the driver."}},
	{"org.apache.tomcat.dbcp.", dbcpBorrowing("Tomcat DBCP")},
	{"org.apache.commons.dbcp", dbcpBorrowing("DBCP")},
	{"org.apache.commons.pool", dbcpBorrowing("DBCP")},
	{"com.alibaba.druid.pool.", Borrowing{Pool: "Druid", Setting: "testOnBorrow", From: "true", To: "false, with testWhileIdle=true"}},
	{"io.agroal.", Borrowing{Pool: "Agroal", Setting: "validateOnBorrow (Quarkus: quarkus.datasource.jdbc.validate-on-borrow)", From: "true",
		To: "false, with background validation (background-validation-interval=2m)"}},
	{"oracle.ucp.", Borrowing{Pool: "UCP", Setting: "SecondsToTrustIdleConnection", From: "0 (the default: tested each time)", To: "30"}},
	{"org.jboss.jca.", Borrowing{Pool: "IronJacamar", Setting: "validate-on-match", From: "true", To: "false, with background-validation=true"}},
	{"weblogic.jdbc.", Borrowing{Pool: "WebLogic", Setting: "SecondsToTrustAnIdlePoolConnection", From: "0 (tested each time)", To: "10"}},
}

func dbcpBorrowing(pool string) Borrowing {
	return Borrowing{Pool: pool, Setting: "testOnBorrow", From: "true", To: "false, with testWhileIdle=true and timeBetweenEvictionRunsMillis=30000",
		Also: "Without validationQuery it asks Connection.isValid of the driver, which is cheaper."}
}

// tests are the last words of methods that test a connection, of pools and of JDBC.
var tests = []string{"isvalid", "isconnectionalive", "isconnectiondead", "testconnection", "validate", "activecheckconnection", "activecheckconnectionnoquery",
	"validateobject", "validateconnection", "isvalidconnection", "ping", "pinginternal", "testpooledconnection", "refurbishresourceoncheckout"}

// Borrows finds out whether a thread waits for what its pool does to a connection before it hands it out, whatever the pool; nil: it waits for
// what the program asked. Opening a connection is not meant.
func Borrows(frames []*threads.Frame) *Borrowing {
	b, borrows := Borrowing{Pool: "the pool"}, false
	for _, f := range frames {
		method := strings.ToLower(f.Func[strings.LastIndexByte(f.Func, '.')+1:])
		switch {
		case strings.HasSuffix(f.Func, ".Driver.connect") || f.Func == "java.sql.DriverManager.getConnection":
			return nil
		case !borrows && slices.Contains(tests, method):
			b.Tests = true
		}
		if !threads.InLibrary(f.Func) {
			break
		}
		for i := range borrowings {
			if strings.HasPrefix(f.Func, borrowings[i].prefix) {
				known := borrowings[i].Borrowing
				known.Tests = b.Tests
				b = known
				break
			}
		}
		borrows = borrows || method == "getconnection" && StartsWith(f.Func, ConnectionPools)
	}
	if !borrows {
		return nil
	}
	return &b
}
