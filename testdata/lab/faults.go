package lab

// Fault is a planted problem on real parts, and what is right about it.
type Fault struct {
	Name   string // of the work that the program does
	Server string
	// Finds are the ids that name the problem, "a|b"; Names and Advice are patterns of the title and of the first advice.
	Finds, Names, Advice string
	// Database: the program needs PostgreSQL. Alone: it takes the CPU, so that nothing is captured next to it.
	Database, Alone bool
	MinMajor        int
	Heap            string
	Clients         int  // that put load on both; 0: 20 on the sick, 4 on the healthy
	Unread          bool // nobody reads the sick one's standard output
	Kind            bool // a problem of a kind, in names made up anew: captured in less time
}

// goServer is a service in Go.
const goServer = "go"

// Faults are all of them.
var Faults = []Fault{
	{Name: "monitor", Server: "tomcat", Finds: "lock-contention", Names: `PriceBook.*price-loader`, Advice: `PriceBook`},
	{Name: "monitor", Server: "jetty", Finds: "lock-contention", Names: `PriceBook.*price-loader`, Advice: `PriceBook`},
	{Name: "monitor", Server: "undertow", Finds: "lock-contention", Names: `PriceBook.*price-loader`, Advice: `PriceBook`},
	{Name: "lock", Server: "tomcat", Finds: "lock-contention", Names: `SeatMap`, Advice: `SeatMap`},
	{Name: "rwlock", Server: "tomcat", Finds: "lock-contention", Names: `TariffTable`, Advice: `TariffTable`},
	{Name: "semaphore", Server: "tomcat", Finds: "object-pool-exhausted|thread-pool-exhausted|unexplained-wait|lock-contention", Names: `QuotaGate`, Advice: `QuotaGate|permit`},
	{Name: "semaphore", Server: "netty", Finds: "object-pool-exhausted|event-loop-blocked|unexplained-wait|stuck-thread|thread-pool-exhausted|lock-contention", Names: `QuotaGate`, Advice: `QuotaGate|permit|event loop`},
	{Name: "latch", Server: "jetty", Finds: "unexplained-wait|stuck-thread|hidden-deadlock", Names: `Bootstrap`, Advice: `Bootstrap|latch`},
	{Name: "barrier", Server: "tomcat", Finds: "unexplained-wait|stuck-thread", Names: `Settlement`, Advice: `Settlement|barrier`},
	{Name: "condition", Server: "tomcat", Finds: "unexplained-wait|stuck-thread|lock-contention", Names: `Turnstile`, Advice: `Turnstile`},
	{Name: "own-pool", Server: "tomcat", Finds: "object-pool-exhausted|unexplained-wait|thread-pool-exhausted", Names: `ScannerPool`, Advice: `ScannerPool`},
	{Name: "queue-put", Server: "tomcat", Finds: "queue-full", Names: `Outbox`, Advice: `Outbox|outbox-sender|consumer`},
	{Name: "transfer", Server: "tomcat", Finds: "queue-full|unexplained-wait|stuck-thread", Names: `Courier`, Advice: `Courier|take`},
	{Name: "self-starvation", Server: "tomcat", Finds: "self-starvation", Names: `QuoteDesk`, Advice: `pool`},
	{Name: "fork-join", Server: "tomcat", Finds: "unexplained-wait|thread-pool-exhausted|self-starvation", Names: `Ranking`, Advice: `Ranking|common`},
	{Name: "future", Server: "tomcat", Finds: "unexplained-wait|stuck-thread|hidden-deadlock", Names: `RateFeed`, Advice: `RateFeed|complet`},
	{Name: "monitor-future", Server: "tomcat", Finds: "hidden-deadlock", Names: `Ledger`, Advice: `Ledger|restart`},
	{Name: "class-init", Server: "tomcat", Finds: "hidden-deadlock|deadlock", Names: `Catalog`, Advice: `initiali|restart`},
	{Name: "deadlock", Server: "tomcat", Finds: "deadlock", Names: `booking-a`, Advice: `order|restart`},
	{Name: "timer", Server: "tomcat", Finds: "event-loop-blocked|unexplained-wait|stuck-thread", Names: `Digest|digest-timer`, Advice: `Digest|digest-timer`},
	{Name: "socket", Server: "tomcat", Finds: "slow-downstream", Names: `StockClient`, Advice: `time.?out|far|127\.0\.0\.1|peer`},
	{Name: "http-client", Server: "tomcat", Finds: "slow-downstream|unexplained-wait", Names: `RatesClient`, Advice: `time.?out|RatesClient`},
	{Name: "process", Server: "tomcat", Finds: "unexplained-wait|stuck-thread|slow-downstream", Names: `PdfRender`, Advice: `process|PdfRender`},
	{Name: "sleep", Server: "tomcat", Finds: "unexplained-wait|thread-pool-exhausted|stuck-thread", Names: `Throttle`, Advice: `Throttle|sleep`},
	{Name: "one-stuck", Server: "tomcat", Finds: "stuck-thread", Names: `NightlyExport`, Advice: `NightlyExport|time`, Clients: 4},
	{Name: "regex", Server: "tomcat", Finds: "hot-thread", Names: `AddressCheck`, Advice: `AddressCheck|pattern|expression`, Alone: true, Clients: 2},
	{Name: "hot-loop", Server: "tomcat", Finds: "hot-thread", Names: `ReportMath`, Advice: `ReportMath`, Alone: true, Clients: 2},
	{Name: "thread-leak", Server: "tomcat", Finds: "thread-leak", Names: `mail-shot`, Advice: `shut|MailShot|executor`, Clients: 4},
	{Name: "explicit-gc", Server: "tomcat", Finds: "explicit-gc", Names: `System\.gc`, Advice: `CacheSweep|DisableExplicitGC|ExplicitGCInvokesConcurrent|System\.gc`, Alone: true, Clients: 4},
	{Name: "memory-leak", Server: "tomcat", Finds: "memory-leak|heap-exhausted|heap-too-small", Names: ``, Advice: `heap dump|histogram`, Heap: "96m", Clients: 4},
	{Name: "native-leak", Server: "tomcat", Finds: "native-memory", Names: `outside of its heap`, Advice: `native_memory|NativeMemoryTracking`, Heap: "64m", Alone: true, Clients: 4},
	{Name: "finalizer", Server: "tomcat", Finds: "finalizer-backlog", Names: `Handles`, Advice: `Cleaner|close|finaliz`, Clients: 4},
	{Name: "class-loading", Server: "tomcat", Finds: "class-loading-lock", Names: `SlowLoader|Plugins`, Advice: `parallel|load`},
	{Name: "jul", Server: "tomcat", Finds: "logging-lock", Names: `Audit|StreamHandler`, Advice: `log|handler`},
	{Name: "hikari-slow", Server: "tomcat", Finds: "db-pool-exhausted", Names: `Hikari`, Advice: `statement|quer|Orders`, Database: true},
	{Name: "hikari-slow", Server: "tomcat-virtual", Finds: "db-pool-exhausted", Names: `Hikari`, Advice: `statement|quer|Orders`, Database: true, MinMajor: 21},
	{Name: "hikari-leak", Server: "tomcat", Finds: "db-pool-exhausted", Names: `Hikari`, Advice: `leak|close|return`, Database: true},
	{Name: "c3p0", Server: "tomcat", Finds: "db-pool-exhausted", Names: `c3p0|C3P0`, Advice: `statement|quer|Orders`, Database: true},
	{Name: "dbcp", Server: "jetty", Finds: "db-pool-exhausted", Names: `dbcp|DBCP|Basic`, Advice: `statement|quer|Orders`, Database: true},
	{Name: "slow-statement", Server: "tomcat", Finds: "slow-downstream|slow-statement", Names: `Orders`, Advice: `statement|quer|database|PostgreSQL`, Database: true},
	{Name: "row-lock", Server: "tomcat", Finds: "slow-downstream|db-lock-wait|idle-in-transaction", Names: `Stock`, Advice: `lock|transaction|database|PostgreSQL`, Database: true},
	{Name: "commons-pool", Server: "tomcat", Finds: "object-pool-exhausted|thread-pool-exhausted|unexplained-wait", Names: `PrinterPool`, Advice: `PrinterPool|pool`},
	{Name: "hazelcast-lock", Server: "tomcat", Finds: "cluster-call|lock-contention|unexplained-wait", Names: `CartStore|[Hh]azelcast`, Advice: `member|CartStore|[Hh]azelcast`},
	{Name: "hazelcast-call", Server: "tomcat", Finds: "cluster-call|unexplained-wait", Names: `CartIndex|[Hh]azelcast`, Advice: `member|CartIndex|[Hh]azelcast`},
	{Name: "log4j2", Server: "tomcat", Finds: "logging-lock", Names: `Trace|[Ll]og4j`, Advice: `log|appender`},
	{Name: "log4j2-async", Server: "tomcat", Finds: "logging-lock|queue-full", Names: `Trace|[Ll]og4j|Async`, Advice: `log|appender|queue`},
	{Name: "hikari-validation", Server: "tomcat", Finds: "slow-downstream|db-pool-exhausted", Names: `HikariCP has tested`, Advice: `connectionTestQuery`, Database: true},
	{Name: "c3p0-validation", Server: "tomcat", Finds: "slow-downstream|db-pool-exhausted", Names: `c3p0 has tested`, Advice: `testConnectionOnCheckout`, Database: true},
	{Name: "dbcp-validation", Server: "tomcat", Finds: "slow-downstream|db-pool-exhausted", Names: `DBCP has tested`, Advice: `testOnBorrow`, Database: true},
	{Name: "n-plus-one", Server: "tomcat", Finds: "slow-downstream", Names: `many short calls.*Catalogue\.item`, Advice: `Catalogue\.page.*join`, Database: true},
	{Name: "okhttp", Server: "tomcat", Finds: "unexplained-wait|slow-downstream", Names: `only 5 of these calls`, Advice: `setMaxRequestsPerHost`},
	{Name: "blocking-pool", Server: "vertx-blocking", Finds: "slow-downstream|thread-pool-exhausted", Names: `worker-thread.*Letterbox`, Advice: `Letterbox`, Clients: 30},
	{Name: "inline-call", Server: "own-acceptor", Finds: "event-loop-blocked", Names: `zzdoor.*alone.*StampDesk`, Advice: `pool of workers`},
	{Name: "inline-call", Server: "own-selector", Finds: "event-loop-blocked", Names: `zzgate.*alone.*StampDesk`, Advice: `pool of workers`},
	{Name: "inline-cpu", Server: "own-acceptor", Finds: "event-loop-blocked", Names: `zzdoor.*alone.*Thumbnails`, Advice: `pool of workers`, Alone: true},
	{Name: "shutdown-pool", Server: "tomcat", Finds: "shutdown-hangs", Names: `dispatch-drain.*dispatch-sender`, Advice: `dispatch-drain`, Clients: 4},
	{Name: "shutdown-exit", Server: "tomcat", Finds: "shutdown-hangs", Names: `licence-release calls System\.exit`, Advice: `System\.exit`, Clients: 4},
	{Name: "idle", Server: "tomcat"},
	{Name: "idle", Server: "jetty"},
	{Name: "idle", Server: "undertow"},
	{Name: "idle", Server: "netty"},
	{Name: "work-signal", Server: "tomcat"},
	{Name: "virtual-sleep", Server: "tomcat-virtual", MinMajor: 21},
}
