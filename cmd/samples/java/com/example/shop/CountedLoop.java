package com.example.shop;

/**
 * A loop that the JIT compiler leaves without safepoint polls; needs
 * -XX:-UseCountedLoopSafepoints -XX:LoopStripMiningIter=0 and a collector
 * without load barriers (-XX:+UseParallelGC).
 *
 * <p>A line on standard input starts it: it says {@code looping}, and {@code looped}
 * after SECONDS (10, at most about 40). In between, nothing that needs a safepoint can
 * happen in this JVM, and who asks for a safepoint stops all other threads as well.
 * Must find: long-safepoint, loop-1 in CountedLoop.spin. Must not do: wait for it.
 */
final class CountedLoop {
    private static final int WARM = 10_000;

    private CountedLoop() {}

    static void plant(Arguments args) {
        long seconds = args.number(1, 10);
        long sum = 0;
        long nanos = Long.MAX_VALUE;
        // Compiled while we wait (-Xbatch): the best round gives the true pace.
        for (int i = 0; i < 1500; i++) {
            long start = System.nanoTime();
            sum += spin(WARM);
            nanos = Math.min(nanos, Math.max(1, System.nanoTime() - start));
        }
        int n = (int) Math.min(Integer.MAX_VALUE, seconds * 1_000_000_000L * WARM / nanos);
        Heap.blackHole = sum;
        Threads.start("loop-1", () -> {
            while (true) {
                Sample.INPUT.take();
                Sample.say("looping");
                Heap.blackHole = spin(n);
                Sample.say("looped");
            }
        });
    }

    /** Sixteen steps that wait for each other: some 20 ns a turn, which no compiler can shorten. */
    private static long spin(int n) {
        long x = 1;
        for (int i = 0; i < n; i++) {
            x = x * 31 + i;
            x = x * 33 ^ i;
            x = x * 35 + i;
            x = x * 37 ^ i;
            x = x * 39 + i;
            x = x * 41 ^ i;
            x = x * 43 + i;
            x = x * 45 ^ i;
            x = x * 47 + i;
            x = x * 49 ^ i;
            x = x * 51 + i;
            x = x * 53 ^ i;
            x = x * 55 + i;
            x = x * 57 ^ i;
            x = x * 59 + i;
            x = x * 61 ^ i;
        }
        return x;
    }
}
