package org.apache.coyote.http11;

import org.apache.catalina.connector.CoyoteAdapter;

/** Stand-in: one frame of a request's stack. */
public final class Http11Processor {
    public void service(Runnable servlet) {
        new CoyoteAdapter().service(servlet);
    }
}
