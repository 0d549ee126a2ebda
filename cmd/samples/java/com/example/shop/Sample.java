package com.example.shop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A web shop with one planted problem: {@code Sample SCENARIO [ARGS]}.
 *
 * <p>It prints {@code ready} once the problem is there, and ends with its
 * standard input, after ten minutes at the latest. Source level 8, no library:
 * classes under foreign package names are stand-ins of a few lines, so that
 * thread names and stacks look like those of a real server.
 */
public final class Sample {
    /** Plants the problem and returns when it is there. */
    interface Scenario {
        void plant(Arguments args) throws Exception;
    }

    private static final Map<String, Scenario> SCENARIOS = new TreeMap<>();

    static {
        SCENARIOS.put("healthy", Requests::healthy);
        SCENARIOS.put("hot-thread", Requests::hotThread);
        SCENARIOS.put("stuck-thread", Requests::stuckThread);
        SCENARIOS.put("slow-downstream", Requests::slowDownstream);
        SCENARIOS.put("pool-exhausted", Requests::poolExhausted);
        SCENARIOS.put("db-pool-exhausted", Database::poolExhausted);
        SCENARIOS.put("deadlock-monitors", Deadlocks::monitors);
        SCENARIOS.put("deadlock-locks", Deadlocks::locks);
        SCENARIOS.put("lock-contention", Contention::monitor);
        SCENARIOS.put("logging-lock", Contention::logging);
        SCENARIOS.put("class-loading", Contention::classLoading);
        SCENARIOS.put("threads", Population::parked);
        SCENARIOS.put("thread-leak", Population::leak);
        SCENARIOS.put("virtual-pinned", Population::pinned);
        SCENARIOS.put("heap-too-small", Heap::tooSmall);
        SCENARIOS.put("memory-leak", Heap::leak);
        SCENARIOS.put("gc-overhead", Heap::overhead);
        SCENARIOS.put("explicit-gc", Heap::explicit);
        SCENARIOS.put("humongous", Heap::humongous);
        SCENARIOS.put("finalizer", Heap::finalizer);
        SCENARIOS.put("metaspace", Classes::metaspace);
        SCENARIOS.put("code-cache", Classes::codeCache);
        SCENARIOS.put("bursts", Generations::bursts);
        SCENARIOS.put("flood", Generations::flood);
        SCENARIOS.put("compress", Generations::compress);
        SCENARIOS.put("short-lived", Generations::shortLived);
        SCENARIOS.put("counted-loop", CountedLoop::plant);
        SCENARIOS.put("fd-leak", Resources::openFiles);
        SCENARIOS.put("cluster-node", Cluster::node);
        SCENARIOS.put("secrets", Resources::secrets);
        SCENARIOS.put("profiled", Profiled::plant);
    }

    /** Lines that came in on standard input, for scenarios that are told when to act. */
    static final BlockingQueue<String> INPUT = new LinkedBlockingQueue<>();

    public static void main(String[] argv) throws Exception {
        Arguments args = new Arguments(argv);
        Scenario scenario = SCENARIOS.get(args.text(0, ""));
        if (scenario == null) {
            System.err.println("usage: Sample SCENARIO [ARGS], SCENARIO one of " + SCENARIOS.keySet());
            System.exit(2);
        }
        Threads.start("life-limit", () -> {
            TimeUnit.MINUTES.sleep(10);
            end();
        });
        scenario.plant(args);
        say("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            INPUT.put(line);
        }
        end();
    }

    static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Halts: shutdown hooks could wait for a lock that a scenario holds for ever. */
    private static void end() {
        Runtime.getRuntime().halt(0);
    }
}
