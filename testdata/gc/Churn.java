import java.util.ArrayDeque;

/**
 * Allocates for a while, so that a JVM with a small heap collects in every way it can: short-lived and surviving objects,
 * large ones, explicit collections. Arguments: milliseconds and steps after which it ends, whichever comes first.
 */
public class Churn {
    static Object sink;

    public static void main(String[] args) throws Exception {
        long end = System.nanoTime() + Long.parseLong(args[0]) * 1_000_000L;
        long steps = Long.parseLong(args[1]);
        ArrayDeque<byte[]> live = new ArrayDeque<>();
        int n = 0;
        while (n < steps && System.nanoTime() < end) {
            live.add(new byte[8192]);
            if (live.size() > 2000) {
                live.poll();
            }
            if (++n % 400 == 0) {
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
        System.out.println("done " + n);
    }
}
