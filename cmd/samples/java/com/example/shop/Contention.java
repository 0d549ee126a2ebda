package com.example.shop;

import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import org.apache.tomcat.util.net.NioEndpoint;

/** Many requests that queue for one monitor; they do get it, one after the other. */
final class Contention {
    private static final String WORKERS = "http-nio-8080-exec-";

    private Contention() {}

    /**
     * Must find: lock-contention on the InventoryCache monitor, holder
     * cache-refresher-1 in InventoryCache.refresh, about N waiters. Must not find:
     * deadlock, hot-thread (the holder sleeps most of the time).
     */
    static void monitor(Arguments args) {
        int n = args.number(1, 30);
        InventoryCache cache = new InventoryCache();
        Threads.start("cache-refresher-1", () -> {
            while (true) {
                cache.refresh();
                LockSupport.parkNanos(2_000_000);
            }
        });
        serve(n, cache::available);
    }

    /**
     * Must find: logging-lock, N workers blocked in StreamHandler for a handler
     * whose disk takes 300 ms a record. Must not find: deadlock.
     */
    static void logging(Arguments args) {
        Logger log = Logger.getLogger("com.example.shop");
        log.setUseParentHandlers(false);
        log.addHandler(new AuditHandler());
        serve(args.number(1, 20), () -> log.log(Level.INFO, "order placed"));
    }

    /**
     * Must find: class-loading-lock, N workers blocked in ClassLoader.loadClass for
     * a PluginClassLoader that takes 300 ms a class. Must not find: deadlock,
     * metaspace-pressure (no class is ever found).
     */
    static void classLoading(Arguments args) {
        PluginClassLoader plugins = new PluginClassLoader();
        serve(args.number(1, 20), () -> plugins.find("com.example.plugin.Discount"));
    }

    /** n clients that send the same request again and again; returns when all but two are blocked. */
    private static void serve(int n, Runnable servlet) {
        NioEndpoint endpoint = new NioEndpoint(WORKERS, n);
        for (int i = 0; i < n; i++) {
            endpoint.accept(() -> {
                while (true) {
                    servlet.run();
                    LockSupport.parkNanos(5_000_000);
                }
            });
        }
        Threads.until(() -> Threads.count(WORKERS, Thread.State.BLOCKED) >= n - 2);
    }
}

final class InventoryCache {
    private int stock = 1;

    synchronized void refresh() throws InterruptedException {
        stock++;
        TimeUnit.SECONDS.sleep(1);
    }

    synchronized boolean available() {
        return stock > 0;
    }
}

/** A log file on a very slow disk. */
final class AuditHandler extends StreamHandler {
    AuditHandler() {
        super(new OutputStream() {
            @Override
            public void write(int b) {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] b, int off, int len) {
                Threads.unchecked(() -> TimeUnit.MILLISECONDS.sleep(300));
            }
        }, new SimpleFormatter());
    }

    @Override
    public synchronized void publish(LogRecord record) {
        super.publish(record);
        flush();
    }
}

/** Not registered as parallel capable: loadClass holds the loader itself. */
final class PluginClassLoader extends ClassLoader {
    boolean find(String name) {
        try {
            return loadClass(name) != null;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        Threads.unchecked(() -> TimeUnit.MILLISECONDS.sleep(300));
        throw new ClassNotFoundException(name);
    }
}
