import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;

/** What the JVM and the driver cost by themselves: {@code empty}, {@code first URL}, or {@code loop URL CALLS}. */
public final class Baseline {
    public static void main(String[] arguments) throws SQLException {
        if (arguments[0].equals("empty")) {
            System.out.println("ready");
            return;
        }
        try (Connection connection = DriverManager.getConnection(arguments[1]);
                Statement statement = connection.createStatement()) {
            if (arguments[0].equals("first")) {
                read(statement);
                System.out.println("ready");
                return;
            }
            int calls = Integer.parseInt(arguments[2]);
            report("plain", statement, calls);
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            report("transaction", statement, calls);
        }
    }

    private static void report(String name, Statement statement, int calls) throws SQLException {
        long[] nanos = new long[calls];
        for (int call = -calls / 2; call < calls; call++) {
            long start = System.nanoTime();
            read(statement);
            if (!statement.getConnection().getAutoCommit()) {
                statement.getConnection().commit();
            }
            if (call >= 0) {
                nanos[call] = System.nanoTime() - start;
            }
        }
        Arrays.sort(nanos);
        System.out.println(name + " " + nanos[calls / 2] / 1e6 + " " + nanos[calls * 99 / 100] / 1e6);
    }

    private static void read(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("SELECT 1")) {
            rows.next();
        }
    }
}
