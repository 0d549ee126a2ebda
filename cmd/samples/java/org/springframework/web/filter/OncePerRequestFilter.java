package org.springframework.web.filter;

/** Stand-in: one frame of a request's stack. */
public final class OncePerRequestFilter {
    public void doFilter(Runnable chain) {
        chain.run();
    }
}
