import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;

/**
 * Allocates for a while, so that a JVM with a small heap collects in every way it can: short-lived and surviving objects,
 * large ones, explicit collections. Argument: the number of steps. It ends when no collection is at work any more, because
 * what the JVM counts of one at its end and what it logs of it need not be the same.
 */
public class Churn {
    static Object sink;

    public static void main(String[] args) throws Exception {
        long steps = Long.parseLong(args[0]);
        ArrayDeque<byte[]> live = new ArrayDeque<>();
        for (int n = 1; n <= steps; n++) {
            live.add(new byte[8192]);
            if (live.size() > 2000) {
                live.poll();
            }
            if (n % 400 == 0) {
                sink = new byte[700_000];
            }
            sink = new long[64];
            if (n % 8_000 == 0) {
                System.gc();
            }
            if (n % 2_000 == 0) {
                Thread.sleep(1);
            }
        }
        System.gc();
        long before;
        do {
            before = collections();
            Thread.sleep(50);
        } while (collections() != before);
        System.out.println("done " + steps);
    }

    static long collections() {
        long n = 0;
        for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
            n += gc.getCollectionCount();
        }
        return n;
    }
}
