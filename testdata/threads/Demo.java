import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;

/** Threads in every state a dump can show: run by the tests with the JDKs at hand. Prints "ready" when the deadlocks have formed. */
public class Demo {
    static final Object A = new Object(), B = new Object();
    static final CountDownLatch HELD = new CountDownLatch(4);

    static class Init {
        static int x = 1;
        static {
            forever();
        }
    }

    public static void main(String[] args) throws Exception {
        ReentrantLock first = new ReentrantLock(), second = new ReentrantLock();
        new Thread(() -> { synchronized (A) { meet(); synchronized (B) { } } }, "dead-1").start();
        new Thread(() -> { synchronized (B) { meet(); synchronized (A) { } } }, "dead-2").start();
        new Thread(() -> { first.lock(); meet(); second.lock(); }, "owns-1").start();
        new Thread(() -> { second.lock(); meet(); first.lock(); }, "owns-2").start();
        start(() -> { synchronized (Demo.class) { forever(); } }, "quote\" #7 daemon prio=5", Thread.State.TIMED_WAITING);
        start(() -> forever(), "new\nline", Thread.State.TIMED_WAITING);
        start(() -> { int y = Init.x; }, "init-1", Thread.State.TIMED_WAITING);
        new Thread(() -> { int y = Init.x; }, "init-2").start();
        start(() -> { synchronized (Demo.class) { } }, "wants-class", Thread.State.BLOCKED);
        Object never = new Object();
        start(() -> { synchronized (never) { try { never.wait(); } catch (InterruptedException e) { } } }, "waits", Thread.State.WAITING);
        start(() -> { long z = 0; while (true) z++; }, "spins", Thread.State.RUNNABLE);
        virtual("vspin", () -> { long z = 0; while (true) z++; });
        virtual("vsleep", () -> forever());
        while (true) {
            long[] dead = ManagementFactory.getThreadMXBean().findDeadlockedThreads();
            if (dead != null && dead.length == 4) {
                break;
            }
            Thread.sleep(5);
        }
        System.out.println("ready");
        Thread.sleep(600_000);
    }

    static void start(Runnable r, String name, Thread.State until) throws Exception {
        Thread t = new Thread(r, name);
        t.start();
        while (t.getState() != until) {
            Thread.sleep(5);
        }
    }

    /** By reflection: JDKs before 21 have none. */
    static void virtual(String name, Runnable r) throws Exception {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder$OfVirtual");
            builder = type.getMethod("name", String.class).invoke(builder, name);
            Class.forName("java.lang.Thread$Builder").getMethod("start", Runnable.class).invoke(builder, r);
        } catch (NoSuchMethodException e) {
            return;
        }
    }

    static void meet() {
        HELD.countDown();
        try {
            HELD.await();
        } catch (InterruptedException e) {
        }
    }

    static void forever() {
        try {
            Thread.sleep(600_000);
        } catch (InterruptedException e) {
        }
    }
}
