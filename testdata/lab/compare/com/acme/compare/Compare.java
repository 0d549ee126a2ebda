package com.acme.compare;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A service under an even load whose requests cost CPU, pauses, a lock or the database; one of them so many times as much. */
public class Compare {
    static final Object PRICES = new Object();
    static final AtomicInteger NEXT = new AtomicInteger();
    static byte[][] kept;
    static volatile long sink;
    static String jdbc;
    static final ThreadLocal<Connection> CONNECTION = new ThreadLocal<>();

    public static void main(String[] args) throws Exception {
        String what = args[0];
        double times = Double.parseDouble(args[1]), rate = Double.parseDouble(args[2]);
        jdbc = args.length > 3 ? args[3] : "";
        kept = new byte[(int) (what.equals("pauses") ? 40_000 * times : 2_000)][];
        AtomicInteger thread = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(24, 24, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(2_000),
            r -> new Thread(r, "http-nio-8080-exec-" + thread.incrementAndGet()), new ThreadPoolExecutor.DiscardPolicy());
        long began = System.nanoTime(), due = began;
        boolean ready = false;
        while (true) {
            pool.execute(() -> serve(what, times));
            due += (long) (-Math.log(1 - ThreadLocalRandom.current().nextDouble()) * 1e9 / rate);
            long wait = due - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            if (!ready && System.nanoTime() - began > 8_000_000_000L) {
                ready = true;
                System.out.println("ready");
            }
        }
    }

    static void serve(String what, double times) {
        for (int i = 0; i < 200; i++) {
            kept[Math.floorMod(NEXT.incrementAndGet(), kept.length)] = new byte[2048];
        }
        try {
            burn(what.equals("cpu") ? 2_500_000 * times : 250_000);
            if (what.equals("locks")) {
                price(8 * times);
            }
            if (what.equals("database")) {
                query(0.1 * times);
            }
        } catch (InterruptedException | SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    static void burn(double steps) {
        long x = NEXT.get();
        for (long i = 0; i < steps; i++) {
            x = x * 6364136223846793005L + 1442695040888963407L;
        }
        sink = x;
    }

    static void price(double millis) throws InterruptedException {
        synchronized (PRICES) {
            TimeUnit.NANOSECONDS.sleep((long) (millis * 1e6));
        }
    }

    static void query(double seconds) throws SQLException {
        if (CONNECTION.get() == null) {
            CONNECTION.set(DriverManager.getConnection(jdbc));
        }
        try (PreparedStatement s = CONNECTION.get().prepareStatement("select pg_sleep(?)")) {
            s.setDouble(1, seconds);
            s.executeQuery().close();
        }
    }
}
