import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A program with every problem that a flight recording shows by itself, or with none: "sick SECONDS" or "healthy
 * SECONDS". The healthy twin does the same work as often as a service with little to do.
 */
final class Recorded {
    private static volatile Object kept;
    private static volatile long sum;
    private static boolean sick;

    private interface Step {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        sick = args[0].equals("sick");
        for (int i = 1; i <= 6; i++) {
            start("pricing-" + i, Recorded::price);
        }
        for (int i = 1; i <= 3; i++) {
            start("search-" + i, Recorded::search);
        }
        for (int i = 1; i <= 2; i++) {
            start("export-" + i, Recorded::export);
        }
        start("import-1", Recorded::parse);
        for (int i = 1; i <= 4; i++) {
            start("stock-" + i, Recorded::reserve);
        }
        ServerSocket backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start("backend", () -> answer(backend));
        for (int i = 1; i <= 2; i++) {
            start("http-nio-8080-exec-" + i, () -> load(backend.getLocalPort()));
        }
        Thread.sleep(1000L * Integer.parseInt(args[1]));
        System.exit(0);
    }

    private static void start(String name, Step step) {
        Thread t = new Thread(() -> {
            try {
                while (true) {
                    step.run();
                    if (!sick) {
                        Thread.sleep(100);
                    }
                }
            } catch (Exception e) {
                System.err.println(name + ": " + e);
                System.exit(1);
            }
        }, name);
        t.setDaemon(true);
        t.start();
    }

    /** hot-code */
    private static void price() {
        long x = 1;
        for (int i = 0; i < (sick ? 200_000 : 2_000); i++) {
            x = x * 31 ^ i;
            x = x * 33 + (x >>> 7);
        }
        sum += x;
    }

    private static final Pattern SQUARE = Pattern.compile("[a-y]*z"); // looks at the rest of the text from each place
    private static final String TEXT = String.join("", java.util.Collections.nCopies(40, "abcdefghijklmnopqrstuvwxy"));

    /** costly-calls */
    private static void search() {
        if (sick) {
            sum += SQUARE.matcher(TEXT).find() ? 1 : 0;
        } else {
            sum += TEXT.indexOf("ab");
        }
    }

    /** allocation-site */
    private static void export() {
        for (int i = 0; i < (sick ? 100 : 1); i++) {
            kept = new byte[16 << 10];
        }
    }

    private static final class Malformed extends RuntimeException {
        Malformed() {
            super("malformed", null, false, false);
        }
    }

    /** exception-flow */
    private static void parse() {
        try {
            throw new Malformed();
        } catch (Malformed e) {
            sum++;
        }
    }

    private static final Object STOCK = new Object();

    /** lock-site */
    private static void reserve() throws Exception {
        synchronized (STOCK) {
            Thread.sleep(sick ? 50 : 0);
        }
        if (sick) {
            Thread.sleep(5); // who takes the lock again at once keeps the others out, whose waits are recorded when they end
        }
    }

    /** Each connection gets one byte, late or at once. */
    private static void answer(ServerSocket backend) throws Exception {
        List<Socket> open = new ArrayList<>();
        open.add(backend.accept());
        if (sick) {
            open.add(backend.accept());
            Thread.sleep(2500);
        }
        for (Socket s : open) {
            s.getOutputStream().write('.');
            s.close();
        }
    }

    /** io-site */
    private static void load(int port) throws Exception {
        try (Socket s = new Socket(InetAddress.getLoopbackAddress(), port); InputStream in = s.getInputStream()) {
            sum += in.read();
        }
    }
}
