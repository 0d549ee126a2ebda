package org.apache.tomcat.util.threads;

/** Stand-in for a worker of the connector. */
public final class TaskThread extends Thread {
    public TaskThread(Runnable target, String name) {
        super(new WrappingRunnable(target), name);
        setDaemon(true);
    }

    private static final class WrappingRunnable implements Runnable {
        private final Runnable wrapped;

        WrappingRunnable(Runnable wrapped) {
            this.wrapped = wrapped;
        }

        @Override
        public void run() {
            wrapped.run();
        }
    }
}
