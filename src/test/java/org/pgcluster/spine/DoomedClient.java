package org.pgcluster.spine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A client in a process of its own, made to be killed: starts the server, sends one reading call and waits. */
final class DoomedClient {
    private DoomedClient() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var server = Server.start(Path.of(arguments[0]), false, arguments[1]);
        server.begin("execute_sql", "sql", arguments[2]);
        System.out.println(server.process().pid());
        System.out.flush();
        new CountDownLatch(1).await();
    }
}
