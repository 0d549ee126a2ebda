package com.example.shop;

import java.net.Socket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.tomcat.util.net.NioEndpoint;

/** Scenarios that are about what request threads do. */
final class Requests {
    private Requests() {}

    /**
     * Ten workers, 100 requests a second, about 20 % of one CPU, a few MB/s of
     * garbage, a live set of 16 MB. Must find: nothing at warning or above.
     */
    static void healthy(Arguments args) {
        Catalog catalog = new Catalog(16);
        AtomicLong served = load(new NioEndpoint("http-nio-8080-exec-", 10), catalog);
        Threads.until(() -> served.get() >= 50);
    }

    /** Sends 100 catalog requests a second; returns the number of those served. */
    private static AtomicLong load(NioEndpoint endpoint, Catalog catalog) {
        AtomicLong served = new AtomicLong();
        Threads.start("load-generator", () -> {
            while (true) {
                endpoint.accept(() -> {
                    catalog.page(2_000_000);
                    served.incrementAndGet();
                });
                TimeUnit.MILLISECONDS.sleep(10);
            }
        });
        return served;
    }

    /**
     * Must find: hot-thread, price-recompute-1 in PriceEngine.recompute at one
     * whole core. Must not find: stuck-thread (no request is involved), gc-overhead.
     */
    static void hotThread(Arguments args) {
        new NioEndpoint("http-nio-8080-exec-", 10);
        PriceEngine engine = new PriceEngine();
        Threads.start("price-recompute-1", engine::run);
        Threads.until(() -> engine.rounds > 3);
    }

    /**
     * Must find: stuck-thread, one exec thread in a socket read below
     * PaymentClient.authorize in every dump. Must not find: slow-downstream (it is
     * one thread), thread-pool-exhausted; the idle workers are not stuck.
     */
    static void stuckThread(Arguments args) throws Exception {
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 10);
        PaymentClient client = new PaymentClient(new Backend(-1));
        endpoint.accept(() -> Threads.unchecked(client::authorize));
        load(endpoint, new Catalog(4));
        Threads.until(() -> Threads.in("http-nio-8080-exec-", "authorize") == 1
            && Threads.in("http-nio-8080-exec-", "read") >= 1);
    }

    /**
     * 40 workers, 30 callers, each answer takes 4 s. Must find: slow-downstream at
     * RecommendationClient.fetch with the loopback address. Must not find:
     * lock-contention, stuck-thread (each call ends), thread-pool-exhausted (10 are idle).
     */
    static void slowDownstream(Arguments args) throws Exception {
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 40);
        RecommendationClient client = new RecommendationClient(new Backend(4_000));
        for (int i = 0; i < 30; i++) {
            again(endpoint, () -> Threads.unchecked(client::fetch));
        }
        Threads.until(() -> Threads.in("http-nio-8080-exec-", "fetch") >= 28
            && Threads.in("http-nio-8080-exec-", "read") >= 28);
    }

    /** A client that sends its next request when the last one is answered. */
    private static void again(NioEndpoint endpoint, Runnable servlet) {
        endpoint.accept(() -> {
            servlet.run();
            again(endpoint, servlet);
        });
    }

    /**
     * 20 workers, all in a call of 3 s, 20 new requests a second. Must find:
     * thread-pool-exhausted, http-nio-8090, 20 of 20 in ReportRenderer.render. Must
     * not find: stuck-thread (each call ends), lock-contention, db-pool-exhausted.
     */
    static void poolExhausted(Arguments args) {
        NioEndpoint endpoint = new NioEndpoint("http-nio-8090-exec-", 20);
        ReportRenderer renderer = new ReportRenderer();
        Threads.start("load-generator", () -> {
            while (true) {
                endpoint.accept(() -> Threads.unchecked(renderer::render));
                TimeUnit.MILLISECONDS.sleep(50);
            }
        });
        Threads.until(() -> endpoint.busy() == 20 && endpoint.queued() > 5);
    }
}

/** A cache of products, and the work of showing a page of them. */
final class Catalog {
    private final Map<Integer, byte[]> products = new ConcurrentHashMap<>();

    Catalog(int megabytes) {
        for (int i = 0; i < megabytes * 1024; i++) {
            products.put(i, new byte[1024]);
        }
    }

    /** Works for about the given time, then leaves 40 KB of garbage and waits a little, as for a disk. */
    void page(long nanos) {
        long end = System.nanoTime() + nanos;
        StringBuilder page = new StringBuilder();
        long sum = 0;
        while (System.nanoTime() < end) {
            for (byte b : products.get(ThreadLocalRandom.current().nextInt(products.size()))) {
                sum = sum * 31 + b;
            }
        }
        for (int i = 0; i < 500; i++) {
            page.append("<li>").append(sum + i).append("</li>");
        }
        Threads.unchecked(() -> TimeUnit.MILLISECONDS.sleep(1 + page.length() % 7));
    }
}

final class PriceEngine {
    volatile long rounds;
    private double price = 1;

    void run() {
        while (true) {
            recompute();
            rounds++;
        }
    }

    /** Counts in a long: JDK 8 leaves no safepoint in a loop over an int, and its dumps then show only the caller. */
    private void recompute() {
        for (long i = 1; i < 20_000_000; i++) {
            price = Math.sqrt(price * i + 1) + Math.abs(price / i);
        }
    }
}

final class PaymentClient {
    private final Backend backend;

    PaymentClient(Backend backend) {
        this.backend = backend;
    }

    void authorize() throws Exception {
        try (Socket socket = backend.connect()) {
            socket.getInputStream().read();
        }
    }
}

final class RecommendationClient {
    private final Backend backend;

    RecommendationClient(Backend backend) {
        this.backend = backend;
    }

    void fetch() throws Exception {
        try (Socket socket = backend.connect()) {
            socket.getInputStream().read();
        }
    }
}

final class ReportRenderer {
    void render() throws Exception {
        TimeUnit.SECONDS.sleep(3);
    }
}
