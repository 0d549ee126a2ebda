package javax.servlet.http;

/** Stand-in: the frame below which the application begins. */
public final class HttpServlet {
    public void service(Runnable application) {
        application.run();
    }
}
