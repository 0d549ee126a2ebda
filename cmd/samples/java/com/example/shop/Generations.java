package com.example.shop;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.Deflater;

/** Scenarios of how objects pass through a heap whose size is right. */
final class Generations {
    private static final int BLOCK = 4096;

    private Generations() {}

    /**
     * Half of -Xmx is built up at once and dropped again, as a report does that reads
     * all it needs before it writes. Under G1, must find: evacuation-failure. Must not
     * find: memory-leak.
     */
    static void bursts(Arguments args) {
        List<byte[]> live = blocks(max() * 35 / 100);
        AtomicLong reports = new AtomicLong();
        Threads.start("report-builder-1", () -> {
            while (true) {
                List<byte[]> report = new ArrayList<>();
                try {
                    for (long left = max() * args.number(1, 56) / 100; left > 0; left -= BLOCK) {
                        report.add(new byte[BLOCK - 16]);
                    }
                } catch (OutOfMemoryError e) {
                    report.clear();
                }
                kept = live;
                reports.incrementAndGet();
                TimeUnit.MILLISECONDS.sleep(20);
            }
        });
        Threads.until(() -> reports.get() >= 4);
    }

    /**
     * Threads allocate as fast as they can beside a live set of a third of -Xmx. Under
     * ZGC, must find: allocation-stall. Must not find: heap-too-small, memory-leak.
     */
    static void flood(Arguments args) {
        kept = blocks(max() / 3);
        AtomicLong made = new AtomicLong();
        for (int i = 1; i <= args.number(1, 4); i++) {
            Threads.start("import-worker-" + i, () -> {
                while (true) {
                    sink = new byte[200_000];
                    made.incrementAndGet();
                }
            });
        }
        Threads.until(() -> made.get() > 1000);
    }

    /**
     * Threads that compress: before JDK 22 the native code holds arrays in place, and
     * the collector has to wait for it. Must find: gc-locker where the JVM has such a
     * lock.
     */
    static void compress(Arguments args) {
        AtomicLong made = new AtomicLong();
        for (int i = 1; i <= args.number(1, 4); i++) {
            Threads.start("backup-writer-" + i, () -> {
                byte[] in = new byte[1 << 20];
                for (int k = 0; k < in.length; k++) {
                    in[k] = (byte) (k * 31 + k / 7);
                }
                byte[] out = new byte[1 << 20];
                Deque<Object> recent = new ArrayDeque<>();
                while (true) {
                    Deflater d = new Deflater(9);
                    d.setInput(in);
                    d.finish();
                    d.deflate(out);
                    d.end();
                    for (int k = 0; k < 500; k++) {
                        recent.add(new byte[BLOCK]);
                        if (recent.size() > 200) {
                            recent.remove();
                        }
                    }
                    made.incrementAndGet();
                }
            });
        }
        Threads.until(() -> made.get() > 50);
    }

    /**
     * Requests keep what they work on for a moment, longer than the young generation
     * lasts. With survivor spaces far too small (set by the harness) it all moves into
     * the old generation and dies there. Must find: premature-promotion. Must not
     * find: memory-leak, heap-too-small.
     */
    static void shortLived(Arguments args) {
        AtomicLong made = new AtomicLong();
        for (int i = 1; i <= 2; i++) {
            Threads.start("http-nio-8080-exec-" + i, () -> {
                Deque<byte[]> inFlight = new ArrayDeque<>();
                long most = max() * args.number(1, 6) / 100 / BLOCK;
                while (true) {
                    inFlight.add(new byte[BLOCK - 16]);
                    if (inFlight.size() > most) {
                        inFlight.remove();
                    }
                    if (made.incrementAndGet() % 500 == 0) {
                        TimeUnit.MICROSECONDS.sleep(500);
                    }
                }
            });
        }
        Threads.until(() -> made.get() > 100_000);
    }

    static volatile Object sink;
    static volatile Object kept;

    private static List<byte[]> blocks(long bytes) {
        List<byte[]> list = new ArrayList<>();
        for (; bytes > 0; bytes -= BLOCK) {
            list.add(new byte[BLOCK - 16]);
        }
        return list;
    }

    private static long max() {
        return Runtime.getRuntime().maxMemory();
    }
}
