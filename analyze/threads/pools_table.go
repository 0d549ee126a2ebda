package threads

import (
	"regexp"
	"slices"
	"sync"
)

// PoolPattern recognises the threads of one kind of pool by name. The first group of Name is the pool's own name; without a group all
// threads that match are one pool, named like its kind.
type PoolPattern struct {
	Kind string
	Name *regexp.Regexp
	// Requests says that each thread serves one request of a user.
	Requests bool
}

// DefaultPools are the pools met in Java servers. The first match counts.
func DefaultPools() []PoolPattern { return slices.Clone(defaultPools()) }

// defaultPools is compiled once: a case has a series for each of its processes.
var defaultPools = sync.OnceValue(func() []PoolPattern {
	pools := make([]PoolPattern, len(poolTable))
	for i, p := range poolTable {
		pools[i] = PoolPattern{p.kind, regexp.MustCompile(p.name), p.requests}
	}
	return pools
})

var poolTable = []struct {
	kind, name string
	requests   bool
}{
	{"Tomcat", `^"?((?:https?|ajp)-(?:jsse-|openssl-)?(?:nio2?|bio|apr)-.+?)-exec-\d+`, true},
	{"Tomcat", `^((?:https?|ajp)-[^ ]*?\d+)-Processor\d+`, true},
	{"Tomcat", `^(TP)-Processor\d+`, true},
	{"Tomcat", `^((?:https?|ajp)-(?:[\w.%*]+-)?\d+)-\d+$`, true},
	{"Tomcat", `^((?:https?|ajp)-(?:jsse-|openssl-)?(?:nio2?|bio|apr)-.+?)-(?:Poller|Acceptor|ClientPoller|Sendfile)`, false},
	{"Tomcat", `^(catalina-exec)-\d+`, true},
	{"Tomcat", `^(tomcat-handler)-\d+$`, true}, // virtual
	{"Tomcat", `^(Catalina-utility)-\d+`, false},
	{"Caesium", `^(Caesium-\d+)-\d+`, false},
	{"Quartz", `^(.*scheduler.*_Worker)-\d+`, false},
	{"Quartz", `^(.*_?QuartzScheduler.*_Worker)-\d+`, false},
	{"Hazelcast", `^(hz\.[^ ]*\.(?:cached|priority-generic-operation|generic-operation|partition-operation|client-query|client-blocking|client|query|event|async|IO|response|InvocationMonitor|scheduled)[\w.-]*?)[-.]?thread[-\w]*`, false},
	{"Hazelcast", `^(hz\.[^.]+\.[\w-]+?)[-.\d]*$`, false},
	{"HikariCP", `^(\S+?)[ :](?:housekeeper|connection adder|connection closer|connection-adder|filler)`, false},
	{"c3p0", `^(C3P0PooledConnectionPoolManager\[.*?\])-HelperThread-#\d+`, false},
	{"c3p0", `^(com\.mchange\.v2\.async\.ThreadPoolAsynchronousRunner)\$PoolThread-#\d+`, false},
	{"virtual", `^(virtual) #\d+$`, false}, // without a name, see AddVirtual
	{"ForkJoin", `^(ForkJoinPool(?:\.commonPool|-\d+))-worker-\d+`, false},
	{"Netty", `^((?:nio|epoll|kqueue|multiThreadIo)EventLoopGroup-\d+)-\d+`, false},
	{"Netty", `^(reactor-http-(?:nio|epoll|kqueue))-\d+`, false},
	{"Netty", `^(defaultEventExecutorGroup-\d+|globalEventExecutor-\d+)-\d+`, false},
	{"Netty", `^(netty-[\w-]*?)-?\d+$`, false},
	{"Quarkus", `^(quarkus-virtual-thread)-?\d*$`, true},
	{"Helidon", `^\[0x[0-9a-f]+ 0x[0-9a-f]+\] (WebServer socket)`, true},
	{"Vert.x", `^(vert\.x-(?:eventloop|worker|internal-blocking|acceptor)-thread)-\d+`, false},
	{"Jetty", `^(qtp\d+)-\d+`, true},
	{"Undertow", `^(XNIO-\d+ (?:task|I/O))-\d+`, true},
	{"Undertow", `^(default (?:task|I/O))-\d+`, true},
	{"WebLogic", `ExecuteThread: '\d+' for queue: '([^']*)'`, true},
	{"WebSphere", `^(WebContainer|Default Executor-thread)[- ]:? ?\d+`, true},
	{"Kafka", `^(data-plane-kafka-request-handler|kafka-request-handler)-\d+`, true},
	{"Kafka", `^((?:data-plane|control-plane)?-?kafka-network-thread-\d+-.*?)-?\d*$`, false},
	{"Kafka", `^(ReplicaFetcherThread)-`, false},
	{"Kafka", `^(kafka-(?:producer|coordinator|admin)[\w-]*?)(?: \|.*)?$`, false},
	{"Elasticsearch", `^elasticsearch\[[^\]]*\]\[(search|write|bulk|get|index|generic|management|flush|refresh|warmer|snapshot|analyze|search_throttled|system_\w+|force_merge)\]`, false},
	{"gRPC", `^(grpc-[\w-]*?executor)-\d+`, false},
	{"Akka", `^(.*-(?:akka|pekko)\.[\w.-]*dispatcher)-\d+`, false},
	{"AtlassianEvent", `^(AtlassianEvent::[\w-]*?)[-:]?\d*$`, false},
	{"Spring", `^((?:task|scheduling|applicationTaskExecutor|taskExecutor|SimpleAsyncTaskExecutor|ThreadPoolTaskExecutor|ThreadPoolTaskScheduler|taskScheduler)-)\d+`, false},
	{"RMI", `^(RMI TCP Connection)`, false},
	{"JVM", `^(G1 Refine|G1 Conc|GC Thread|GC task thread|ParGC Thread|Gang worker|Concurrent Mark-Sweep|ZWorker\w*|Shenandoah GC Threads|GC Worker|Parallel GC Threads)#?.*`, false},
	{"JVM", `^(C[12] CompilerThread)\d+`, false},
	{"executor", `^(pool-\d+)-thread-\d+`, false},
	{"executor", `^(.*?(?:pool|executor|worker|exec|task)[\w.:]*?)[-_ #]?(?:thread[-_ #]?)?\d+$`, false},
}
