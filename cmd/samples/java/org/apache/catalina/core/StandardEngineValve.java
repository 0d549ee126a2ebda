package org.apache.catalina.core;

import javax.servlet.http.HttpServlet;
import org.springframework.web.filter.OncePerRequestFilter;

/** Stand-ins for the valves and the filter chain: the frames between connector and servlet. */
public final class StandardEngineValve {
    public void invoke(Runnable servlet) {
        new StandardHostValve().invoke(servlet);
    }
}

final class StandardHostValve {
    void invoke(Runnable servlet) {
        new StandardContextValve().invoke(servlet);
    }
}

final class StandardContextValve {
    void invoke(Runnable servlet) {
        new StandardWrapperValve().invoke(servlet);
    }
}

final class StandardWrapperValve {
    void invoke(Runnable servlet) {
        new ApplicationFilterChain(servlet).doFilter();
    }
}

final class ApplicationFilterChain {
    private final Runnable servlet;
    private int filters = 2;

    ApplicationFilterChain(Runnable servlet) {
        this.servlet = servlet;
    }

    void doFilter() {
        internalDoFilter();
    }

    private void internalDoFilter() {
        if (filters-- > 0) {
            new OncePerRequestFilter().doFilter(this::doFilter);
            return;
        }
        new HttpServlet().service(servlet);
    }
}
