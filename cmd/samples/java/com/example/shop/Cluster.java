package com.example.shop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.apache.tomcat.util.net.NioEndpoint;

/** One node of a cluster whose requests ask another node for what it has in its cache. */
final class Cluster {
    private static final int WORKERS = 12;

    private Cluster() {}

    /**
     * Answers other nodes, says {@code port N}, and asks the node at PORT (0: itself) for
     * each request; the call has no timeout. When that node is stopped, must find in a
     * capture of both: pause-propagation, the other one is the cause.
     */
    static void node(Arguments args) throws Exception {
        Backend own = new Backend(0);
        Sample.say("port " + own.port());
        int port = args.number(1, 0) == 0 ? own.port() : args.number(1, 0);
        RemoteCache cache = new RemoteCache(port);
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", WORKERS);
        for (int i = 0; i < WORKERS; i++) {
            serve(endpoint, cache);
        }
        Threads.until(() -> cache.answers > WORKERS);
    }

    private static void serve(NioEndpoint endpoint, RemoteCache cache) {
        endpoint.accept(() -> {
            Threads.unchecked(cache::fetch);
            Threads.unchecked(() -> TimeUnit.MILLISECONDS.sleep(20));
            serve(endpoint, cache);
        });
    }
}

final class RemoteCache {
    private final int port;
    volatile long answers;

    RemoteCache(int port) {
        this.port = port;
    }

    void fetch() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getInputStream().read();
        }
        answers++;
    }
}
