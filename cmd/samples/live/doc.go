// Package live starts sample programs with a planted problem as processes of
// their own, for tests against real JVMs, for benchmarks and for the demo.
//
//	jdks := live.JDKs(ctx)
//	p, err := live.Start(ctx, jdks[0], "lock-contention", live.Options{})
//	defer p.Stop()
//
// Nothing is left behind: a process ends with Stop, with its standard input,
// with the thread of ours that started it (Linux), and at last by its own clock
// after ten minutes.
package live
