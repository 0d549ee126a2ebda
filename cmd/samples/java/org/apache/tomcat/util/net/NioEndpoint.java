package org.apache.tomcat.util.net;

import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.threads.TaskQueue;
import org.apache.tomcat.util.threads.TaskThread;

/** Stand-in for the connector: its workers and their stacks, without a network. */
public final class NioEndpoint {
    private final ThreadPoolExecutor executor;

    /** prefix begins the names of its workers: "http-nio-8080-exec-". */
    public NioEndpoint(String prefix, int threads) {
        AtomicInteger n = new AtomicInteger();
        executor = new ThreadPoolExecutor(threads, threads, 60, TimeUnit.SECONDS, new TaskQueue(),
            work -> new TaskThread(work, prefix + n.incrementAndGet()));
        executor.prestartAllCoreThreads();
    }

    public void accept(Runnable servlet) {
        executor.execute(new SocketProcessor(servlet));
    }

    public int busy() {
        return executor.getActiveCount();
    }

    public int queued() {
        return executor.getQueue().size();
    }

    private static final class SocketProcessor implements Runnable {
        private final Runnable servlet;

        SocketProcessor(Runnable servlet) {
            this.servlet = servlet;
        }

        @Override
        public void run() {
            doRun();
        }

        private void doRun() {
            new Http11Processor().service(servlet);
        }
    }
}
