package com.example.shop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A service on loopback that answers each connection one byte late, or never. */
final class Backend {
    private final ServerSocket server;

    private static final class Call {
        final Socket socket;
        final long due;

        Call(Socket socket, long due) {
            this.socket = socket;
            this.due = due;
        }
    }

    /** millis below zero: never answers. */
    Backend(long millis) throws IOException {
        server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
        Threads.start("backend-acceptor", () -> {
            while (true) {
                calls.put(new Call(server.accept(), System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis)));
            }
        });
        if (millis >= 0) {
            Threads.start("backend-answers", () -> {
                while (true) {
                    Call call = calls.take();
                    TimeUnit.NANOSECONDS.sleep(call.due - System.nanoTime());
                    call.socket.getOutputStream().write('.');
                    call.socket.close();
                }
            });
        }
    }

    int port() {
        return server.getLocalPort();
    }

    Socket connect() throws IOException {
        return new Socket(server.getInetAddress(), server.getLocalPort());
    }
}
