package com.example.shop;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Class metadata: templates that are compiled into classes again and again. */
final class Classes {
    private Classes() {}

    /**
     * Keeps metaspace at about 85 % of -XX:MaxMetaspaceSize and goes on loading. Must
     * find: metaspace-pressure, collections for "Metadata GC Threshold". Must not
     * find: heap-too-small, memory-leak of the heap.
     */
    static void metaspace(Arguments args) {
        Deque<Class<?>> templates = new ArrayDeque<>();
        AtomicLong turns = new AtomicLong();
        Threads.start("template-compiler-1", () -> {
            while (true) {
                try {
                    templates.add(new CopyLoader().copy(Requests.class));
                } catch (OutOfMemoryError e) {
                    drop(templates, templates.size() / 2);
                }
                if (templates.size() % 50 == 0 && share() > 0.85) {
                    drop(templates, templates.size() / 4);
                    turns.incrementAndGet();
                    TimeUnit.MILLISECONDS.sleep(50);
                }
            }
        });
        Threads.until(() -> turns.get() >= 3);
    }

    /**
     * Copies of a class that all stay in use, each with its compiled code, until
     * -XX:ReservedCodeCacheSize is full (set by the harness). Must find:
     * code-cache-full.
     */
    static void codeCache(Arguments args) {
        List<Runnable> rules = new ArrayList<>();
        AtomicLong turns = new AtomicLong();
        Threads.start("rule-engine-1", () -> {
            while (true) {
                if (rules.size() < args.number(1, 6000)) {
                    rules.add((Runnable) new CopyLoader().copy(PriceRule.class).getDeclaredConstructor().newInstance());
                }
                for (Runnable rule : rules.subList(Math.max(0, rules.size() - 300), rules.size())) {
                    rule.run();
                }
                if (turns.incrementAndGet() % 50 == 0) {
                    rules.forEach(Runnable::run);
                }
            }
        });
        Threads.until(() -> turns.get() > 500);
    }

    private static void drop(Deque<?> queue, int n) {
        for (int i = 0; i < n; i++) {
            queue.remove();
        }
    }

    private static double share() {
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getName().equals("Metaspace") && pool.getUsage().getMax() > 0) {
                return (double) pool.getUsage().getCommitted() / pool.getUsage().getMax();
            }
        }
        throw new IllegalStateException("needs -XX:MaxMetaspaceSize");
    }
}

/** Defines one more copy of a class that is already loaded. */
final class CopyLoader extends ClassLoader {
    CopyLoader() {
        super(CopyLoader.class.getClassLoader());
    }

    Class<?> copy(Class<?> original) throws IOException {
        String file = "/" + original.getName().replace('.', '/') + ".class";
        try (InputStream in = original.getResourceAsStream(file)) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] part = new byte[8192];
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                bytes.write(part, 0, n);
            }
            return defineClass(original.getName(), bytes.toByteArray(), 0, bytes.size());
        }
    }

    /** Its own copy first: the parent has a class of the same name. */
    @Override
    protected synchronized Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        Class<?> own = findLoadedClass(name);
        return own != null ? own : super.loadClass(name, resolve);
    }
}
