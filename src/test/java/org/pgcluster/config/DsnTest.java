package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.error.ToolException;

class DsnTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "postgres://u:p@h:1/d|[h:1] d u p {}",
                "postgresql://u:p@h/d?sslmode=require|[h:5432] d u p {sslmode=require}",
                "postgresql://h|[h:5432] postgres - - {}",
                "postgres://u@h1:1,h2:2/d?target_session_attrs=primary|[h1:1, h2:2] d u - {target_session_attrs=primary}",
                "postgres://u:p%40%2F%3A@[::1]:6/d|[[::1]:6] d u p@/: {}",
                "postgres://%2Frun%2Fpg/d|[/run/pg:5432] d - - {}",
                "postgres:///d?host=/run/pg&port=7|[/run/pg:7] d - - {}",
                "postgres://u@h/d?search_path=my%20schema|[h:5432] d u - {options=-c search_path=my\\ schema}",
                "postgres://u@h/d?ssl=true|[h:5432] d u - {sslmode=require}",
                "postgres://u@h|[h:5432] u u - {}",
                "host=h port=1 user=u password='a b\\'c' dbname = d|[h:1] d u a b'c {}",
                "host=h1,h2 port=5 dbname=d|[h1:5, h2:5] d - - {}",
                "host=::1 dbname=d|[[::1]:5432] d - - {}",
                "jdbc:postgresql://h:1/d?user=u&password=p%26&ssl=true|[h:1] d u p& {sslmode=verify-full}",
                "jdbc:postgresql:d|[localhost:5432] d - - {}",
                "jdbc:postgresql://h1,h2/d?targetServerType=preferSecondary&connectTimeout=3&prepareThreshold=0|[h1:5432, h2:5432] d - - {connect_timeout=3, target_session_attrs=prefer-standby}",
            })
    void every_spelling_of_a_connection_is_understood(String text, String expected) {
        var dsn = Dsn.parse(text);
        var found = dsn.hosts() + " " + dsn.database() + " " + dsn.user().orElse("-") + " "
                + dsn.password().map(Secret::reveal).orElse("-") + " " + new TreeMap<>(dsn.parameters());
        assertEquals(expected, found);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "mysql://h/d|takes a postgres:// URL",
                "jdbc:mysql://h/d|takes a postgres:// URL",
                "h|takes a postgres:// URL",
                "postgres://u:hush/y@h/d|write / as %2F",
                "postgres://u:hush?y@h/d|write / as %2F",
                "postgres://u:hu%zz@h/d|two hexadecimal digits",
                "postgres://h:0/d|a port that is no number",
                "postgres://h:hush/d|a port that is no number",
                "postgres://::1/d|several colons",
                "postgres://[::1/d|closing bracket",
                "postgres://h/d?sslmod=require|`sslmod` (sslmode?)",
                "postgres://h/d?sslmode=strict|wrong sslmode: it takes disable, allow",
                "postgres://h/d?target_session_attrs=rw|wrong target_session_attrs",
                "postgres://h/d?connect_timeout=soon|connect_timeout",
                "postgres://h1,h2/d?port=1,2,3|3 ports for 2 hosts",
                "postgres://h/d?x|without =",
                "postgres://h/d?replication=database|replication",
                "host='h|single quote",
                "host=h junk|word without =",
                "jdbc:postgresql://h/d?targetServerType=x|targetServerType",
            })
    void what_is_no_connection_is_told_without_its_password(String text, String expected) {
        var wrong = assertThrows(ToolException.class, () -> Dsn.parse(text));
        assertTrue(wrong.text().contains(expected), wrong.text());
        assertFalse(wrong.text().contains("hush"), wrong.text());
    }

    @Test
    void a_connection_never_prints_its_password() {
        assertFalse(Dsn.parse("postgres://u:hush@h/d").toString().contains("hush"));
    }
}
