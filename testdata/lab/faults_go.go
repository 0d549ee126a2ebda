package lab

// Go are the faults of a Go service.
var Go = []Fault{
	{Name: "mutex", Server: goServer, Finds: "lock-contention", Names: `prices\)?\.lookup`, Advice: `mutex`},
	{Name: "rwmutex", Server: goServer, Finds: "lock-contention", Names: `prices\)?\.read`, Advice: `RWMutex|mutex`},
	{Name: "chan", Server: goServer, Finds: "unexplained-wait|queue-full", Names: `outbox\)?\.post`, Advice: `channel`},
	{Name: "limit", Server: goServer, Finds: "unexplained-wait|queue-full|object-pool-exhausted", Names: `gate\)?\.(pass|scan)`, Advice: `gate`},
	{Name: "waitgroup", Server: goServer, Finds: "unexplained-wait", Names: `batch\)?\.settle`, Advice: `Done`},
	{Name: "cond", Server: goServer, Finds: "unexplained-wait", Names: `turnstile\)?\.enter`, Advice: `turnstile`},
	{Name: "leak", Server: goServer, Finds: "thread-leak", Names: `audit`, Advice: `audit|channel|context`, Clients: 4},
	{Name: "sql", Server: goServer, Finds: "db-pool-exhausted", Names: `orders\)?\.list|database/sql`, Advice: `orders|session|quer|answer`},
	{Name: "upstream", Server: goServer, Finds: "slow-downstream|unexplained-wait", Names: `rates\)?\.fetch`, Advice: `time.?out|Timeout`},
	{Name: "files", Server: goServer, Finds: "fd-exhaustion", Names: `file|descriptor`, Advice: `clos|limit`},
	{Name: "hot", Server: goServer, Finds: "hot-thread|hot-function|cpu-saturated", Names: `report`, Advice: `report`, Alone: true, Clients: 2},
	{Name: "idle", Server: goServer},
}
