package org.apache.catalina.connector;

import org.apache.catalina.core.StandardEngineValve;

/** Stand-in: one frame of a request's stack. */
public final class CoyoteAdapter {
    public void service(Runnable servlet) {
        new StandardEngineValve().invoke(servlet);
    }
}
