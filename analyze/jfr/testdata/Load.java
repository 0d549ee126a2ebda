import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Four threads that compute, allocate, lock and park at stacks of many depths, for so many milliseconds. Prints the CPU
 * time of the four in nanoseconds.
 */
public class Load {
    static volatile Object sink;
    static final AtomicLong CPU = new AtomicLong();
    static final ReentrantLock LOCK = new ReentrantLock();

    public static void main(String[] args) throws Exception {
        long end = System.nanoTime() + Long.parseLong(args[0]) * 1_000_000L;
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            int seed = i;
            threads[i] = new Thread(() -> work(end, seed), "load-" + i);
            threads[i].start();
        }
        for (Thread t : threads) {
            t.join();
        }
        System.out.println(CPU);
    }

    static void work(long end, int seed) {
        Map<Integer, String> map = new HashMap<>();
        for (int n = seed; System.nanoTime() < end; n++) {
            deeper(map, n, n % 40);
            if (n % 50 == 0) {
                LockSupport.parkNanos(20_000);
            }
        }
        CPU.addAndGet(ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime());
    }

    static void deeper(Map<Integer, String> map, int n, int depth) {
        if (depth == 0) {
            step(map, n);
        } else if (depth % 3 == 0) {
            left(map, n, depth - 1);
        } else {
            deeper(map, n, depth - 1);
        }
    }

    static void left(Map<Integer, String> map, int n, int depth) {
        if (depth % 2 == 0) {
            deeper(map, n, depth);
        } else {
            LOCK.lock();
            try {
                deeper(map, n, 0);
            } finally {
                LOCK.unlock();
            }
        }
    }

    static void step(Map<Integer, String> map, int n) {
        map.put(n % 5000, "value " + n + " of " + Thread.currentThread().getName());
        sink = new byte[n % 3000];
        long x = n;
        for (int i = 0; i < 500; i++) {
            x = x * 31 ^ i;
        }
        sink = x;
    }
}
