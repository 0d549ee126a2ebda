package org.apache.tomcat.util.threads;

import java.util.concurrent.LinkedBlockingQueue;

/** Stand-in: an idle worker has this class's take among its frames. */
public final class TaskQueue extends LinkedBlockingQueue<Runnable> {
    private static final long serialVersionUID = 1;

    @Override
    public Runnable take() throws InterruptedException {
        return super.take();
    }
}
