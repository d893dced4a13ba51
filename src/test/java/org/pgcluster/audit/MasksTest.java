package org.pgcluster.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.config.Secret;

class MasksTest {
    private static final Masks NONE = new Masks(List.of());

    private static Masks masks(String... secrets) {
        return new Masks(Stream.of(secrets).map(Secret::new).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "as it is         | s3cr3t!  | login with s3cr3t! failed       | login with •••• failed",
                "twice            | s3cr3t!  | s3cr3t!s3cr3t!                  | ••••••••",
                "in a URL         | p@ss w/d | x?k=p%40ss%20w%2Fd              | x?k=••••",
                "in a form        | p@ss w/d | k=p%40ss+w%2Fd                  | k=••••",
                "lower-case hex   | p@ss w/d | k=p%40ss+w%2fd                  | k=••••",
                "in JSON          | a\"b\\c  | {`x`:\"a\\\"b\\\\c\"}           | {`x`:\"••••\"}",
                "in SQL           | it's me  | SELECT 'it''s me'               | SELECT '••••'",
            })
    void a_configured_secret_is_masked_in_every_form(String story, String secret, String text, String masked) {
        assertEquals(masked, masks(secret).in(text), story);
    }

    @Test
    void the_longest_goes_first_so_that_no_rest_of_it_stays() {
        assertEquals("a •••• b", masks("hunter", "hunter2000").in("a hunter2000 b"));
    }

    @Test
    void what_is_too_short_to_be_masked_is_counted() {
        var masks = masks("abc", "", "abcd");
        assertEquals("abc ••••", masks.in("abc abcd"));
        assertEquals(1, masks.ignored());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ALTER ROLE a PASSWORD 'it''s x' VALID UNTIL 'y' | ALTER ROLE a PASSWORD '••••' VALID UNTIL 'y'",
                "create user a encrypted password  'x'           | create user a encrypted password  '••••'",
                "PASSWORD E'a\\'b' x                             | PASSWORD E'••••' x",
                "PASSWORD U&'a' x                                | PASSWORD U&'••••' x",
                "PASSWORD $$a b$$ x                              | PASSWORD $$••••$$ x",
                "PASSWORD $t$a$$b$t$ x                           | PASSWORD $t$••••$t$ x",
                "PASSWORD 'cut sho                               | PASSWORD '••••",
                "host=h password=x y=1                           | host=h password=•••• y=1",
                "host=h password = 'a \\' b' y=1                 | host=h password = '••••' y=1",
                "password=a\\ b y=1                              | password=•••• y=1",
                "host=h password=a&b,c;d) y=1                    | host=h password=•••• y=1",
                "sslpassword=x                                   | sslpassword=••••",
                "PGPASSWORD=x psql                               | PGPASSWORD=•••• psql",
                "jdbc:postgresql://h/d?user=u&password=x&ssl=on  | jdbc:postgresql://h/d?user=u&password=••••&ssl=on",
                "OPTIONS (user 'u', password 'x')                | OPTIONS (user 'u', password '••••')",
                "{user=u,password=x}                             | {user=u,password=••••",
                "postgres://u:p@h:5432/d                         | postgres://u:••••@h:5432/d",
                "postgres://u:p@q@h:5432/d                       | postgres://u:••••@h:5432/d",
                "at http://a:b@h/x and http://c:d@h/y.           | at http://a:••••@h/x and http://c:••••@h/y.",
                "postgres://:p@h/d                               | postgres://:••••@h/d",
                "{\"password\": \"a\\\"b\", \"x\": 1}            | {\"password\": \"••••\", \"x\": 1}",
                "{\"db_password\":\"ab\"}                        | {\"db_password\":\"••••\"}",
                "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$c3RvcmVk:c2Vy   | SCRAM-SHA-256$••••",
                "md50123456789abcdef0123456789abcdef             | md5••••",
            })
    void credentials_of_a_known_shape_are_masked(String text, String masked) {
        assertEquals(masked, NONE.in(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "password",
                "password authentication failed for user \"mcp_user\"",
                "SELECT password FROM users WHERE password = $1",
                "SELECT * FROM t WHERE password = ?",
                "https://citus.example:8443/docs?x=a@b",
                "postgresql://mcp_user@h:5432/d",
                "http://h:80/x@y",
                "SELECT 'a'::text, b::int, '12:30'",
                "md5 is a hash; md5(x) too",
                "passwordcheck, passwordless",
                "PASSWORD NULL",
                "p ::// pass"
            })
    void honest_text_comes_back_as_the_same_object(String text) {
        assertSame(text, masks("s3cr3t!").in(text));
    }

    @Test
    void masked_json_stays_json() {
        var masks = masks("5432", "s3cr3t!");
        assertEquals(
                "{\"port\":\"••••\",\"note\":\"is •••• \\n\",\"list\":[1,null,true,-2.5e+3]}",
                masks.inJson(
                        "{\"port\": 5432, \"note\": \"is s3\\u0063r3t! \\n\",\n\"list\": [1, null, true, -2.5e+3]}"));
        assertEquals(
                "{\"new_password\":\"••••\",\"x\":\"y\",\"password\":null,\"z\":\"q\"}",
                NONE.inJson("{\"new_password\" : \"n\", \"x\":\"y\",\"password\":null,\"z\":\"q\"}"));
        assertEquals("\"no json: =\"", NONE.inJson("no json: ="));
        assertEquals("null", NONE.inJson(""));
    }

    @Test
    void masking_twice_changes_nothing_more() {
        var once = NONE.in("PASSWORD 'x' postgres://u:p@h/d password=x");
        assertEquals(once, NONE.in(once));
        assertFalse(once.contains("x"));
    }

    @Test
    void a_long_text_without_secrets_takes_far_less_than_a_call() {
        var masks = masks("s3cr3t!", "another one", "correct horse", "battery staple");
        var text = "| 42 | public.orders | passing through | 2026-11-21T10:00:00Z |\n".repeat(640);
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 2000; i++) {
            long from = System.nanoTime();
            assertSame(text, masks.in(text));
            best = Math.min(best, System.nanoTime() - from);
        }
        assertTrue(best < 2_000_000, best + " ns for " + text.length() + " characters");
    }

    @Test
    void a_long_hostile_text_takes_linear_time_and_no_stack() {
        for (var part : List.of("password='", "PASSWORD $a", "://a:", "password=\\", "md5", "\"password\":\"")) {
            var text = part.repeat(20_000);
            long from = System.nanoTime();
            NONE.in(text);
            assertTrue(System.nanoTime() - from < 2_000_000_000L, part);
        }
    }
}
