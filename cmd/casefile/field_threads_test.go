package main

// fieldOfThreads are thread and goroutine dumps, and logs that tell of threads.
var fieldOfThreads = []fieldCase{
	{input: "threads/01-two-nodes-flat", finds: []string{"lock-contention", "thread-pool-exhausted"}, critical: true,
		threads: []fieldThreads{{3, 9, 0, 0}, {3, 8, 0, 0}}, silent: []string{`in turn`}, says: []string{`All 8`, `wiki1`}},
	{input: "threads/01b-two-nodes-folders", finds: []string{"lock-contention"}, critical: true, threads: []fieldThreads{{3, 9, 0, 0}, {3, 8, 0, 0}}},
	{input: "threads/02-one-dump-blocked.txt", notes: []string{"lock-contention|unexplained-wait|thread-pool-exhausted"}, verdict: "cannot-tell|problems",
		silent: []string{`No problem found`}, says: []string{`one dump`, `11 of`}},
	{input: "threads/03-generic-pool", finds: []string{"object-pool-exhausted"}, says: []string{`borrow`}},
	{input: "threads/04-idle-jetty12", never: []string{"*"}},
	{input: "threads/06-go-mutex", finds: []string{"lock-contention"}, says: []string{`12 `, `mutex`}},
	{input: "threads/07-go-leak-words", finds: []string{"thread-leak"}, says: []string{`goroutine`}, silent: []string{`executor`, `finally`, `java`}},
	{input: "threads/08-go-order", finds: []string{"thread-leak"}},
	{input: "threads/09-plain-deadlock.txt", finds: []string{"deadlock"}, critical: true},
	{input: "threads/09a-no-indent.txt", finds: []string{"deadlock"}, critical: true, threads: []fieldThreads{{1, 2, 1, 0}}},
	{input: "threads/09c-indented-4.txt", finds: []string{"deadlock"}, critical: true, threads: []fieldThreads{{1, 2, 1, 0}}},
	{input: "threads/09e-page.html", silent: []string{`No problem found`}, verdict: "problems|cannot-tell"},
	{input: "threads/10-actuator", finds: []string{"lock-contention"}},
	{input: "threads/12-folder-of-zips", threads: []fieldThreads{{-1, -1, 0, 0}, {-1, -1, 0, 0}}, says: []string{`wiki1`}},
	{input: "threads/13-urlclasspath", finds: []string{"class-loading-lock"}, never: []string{"lock-contention"}},
	{input: "threads/14-async-appender", finds: []string{"logging-lock|hidden-deadlock|deadlock"}, critical: true, says: []string{`restart`},
		silent: []string{`Lower the level`, `through an asynchronous appender`}},
	{input: "threads/17-compose-interleaved.txt", finds: []string{"lock-contention"}, threads: []fieldThreads{{3, -1, 0, 0}, {3, -1, 0, 0}}, silent: []string{`8 of 15`}},
	{input: "threads/19-monitor-and-future", finds: []string{"hidden-deadlock|stuck-thread"}},
	{input: "threads/20-stuck-valve.log", finds: []string{"app-signature|stuck-thread"}, says: []string{`306`, `https?://|/[a-z]+`}},
	{input: "threads/21-goroutine-nohash.txt", threads: []fieldThreads{{1, 1755, 0, -1}}},
}
