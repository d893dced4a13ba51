package org.pgcluster.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SilentTest {
    private static final List<String> NODES = List.of(
            "127.0.0.1:5432",
            "password-db:5432",
            "no-password-supplied:5432",
            "pg_hba.conf-authentication-failed-for-user:5432");

    /** Texts as Citus 13.2 and libpq 15 write them; the last of them as in other languages. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            true  | connection to the remote node bare@127.0.0.1:5432 failed with the following error: fe_sendauth: no password supplied
            true  | connection to the remote node bare@password-db:5432 failed with the following error: fe_sendauth: no password supplied
            true  | connection to server at "password-db" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed for user "bare"
            true  | connection to the remote node a@127.0.0.1:5432 failed with the following error: FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "a", database "app", no encryption
            true  | connection to the remote node a@127.0.0.1:5432 failed with the following error: FATAL:  role "a" does not exist
            true  | connection to the remote node a@127.0.0.1:5432 failed with the following error: FATAL:  role "a" is not permitted to log in
            true  | connection to the remote node a@127.0.0.1:5432 failed with the following error: FATAL:  Peer authentication failed for user "a"
            false | failed to connect to password-db:5432
            false | failed to connect to pg_hba.conf-authentication-failed-for-user:5432
            false | connection to the remote node postgres@password-db:5432 failed with the following error: could not translate host name "password-db" to address: Name or service not known
            false | connection to the remote node no password supplied@password-db:5432 failed with the following error: Connection refused
            false | connection to server at "password-db" (10.0.0.1), port 5432 failed: Connection refused
            false | connection to the remote node a@127.0.0.1:5432 failed with the following error: FATAL:  database "password" does not exist
            false | connection to server at "127.0.0.1", port 5432 failed: FATAL:  no relation of "no pg_hba.conf entry for"
            false | Verbindung zum Server auf »password-db«, Port 5432 fehlgeschlagen: Verbindungsaufbau abgelehnt
            false | Passwort-Authentifizierung für Benutzer »bare« fehlgeschlagen
            """)
    void names_and_unknown_words_are_no_refused_login(boolean login, String text) {
        assertEquals(login, Silent.saysOurLogin(text, NODES), text);
    }
}
