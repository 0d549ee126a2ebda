package com.example.shop;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.File;
import java.io.FileInputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What a process has from the system: files, and values that nobody else may see. */
final class Resources {
    private Resources() {}

    static final List<FileInputStream> OPEN = new ArrayList<>();

    /**
     * Opens one file until PERCENT (90) of the process's limit are in use. Must
     * find: fd-exhaustion, with the file's name. Must not find: memory-leak.
     */
    static void openFiles(Arguments args) throws Exception {
        UnixOperatingSystemMXBean os = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long goal = os.getMaxFileDescriptorCount() * args.number(1, 90) / 100;
        File export = new File("export-4711.csv");
        export.createNewFile();
        while (os.getOpenFileDescriptorCount() < goal) {
            OPEN.add(new FileInputStream(export));
        }
    }

    /**
     * The harness plants secrets in a -D property, in the environment and on the
     * command line; here come one in a property that is set at run time and one in
     * a thread's name. None of them may be in a bundle, in no encoding.
     */
    static void secrets(Arguments args) {
        System.setProperty("shop.mail.password", "pw-from-runtime-8fK2");
        CountDownLatch never = new CountDownLatch(1);
        Threads.start("http-nio-8090-exec-1 url: /rest/login?os_username=admin&os_password=pw-from-thread-3xQ9", never::await);
        Threads.until(() -> Threads.count("http-nio-8090-exec-1 url", Thread.State.WAITING) == 1);
    }
}
