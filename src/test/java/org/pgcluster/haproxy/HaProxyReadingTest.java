package org.pgcluster.haproxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FaultyServer;
import org.pgcluster.testing.Lab;

class HaProxyReadingTest {
    private static final String HEADER =
            "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,"
                    + "wretr,wredis,status,weight,type,check_status,check_code,last_chk,extra_of_a_later_version,\n";

    @TempDir
    Path folder;

    private static String server(String name, String status, String check, String code, String said) {
        return "write," + name + ",0,0,3,5,100,9,0,0,,0,,0,0,0,0," + status + ",1,2," + check + "," + code + "," + said
                + ",x,\n";
    }

    private Answer health(FaultyServer server) {
        try (Lab ours = Lab.with(folder, Map.of("haproxy_urls", server.url() + "/stats", "http_timeout_ms", "400"))) {
            return ours.call("haproxy_backend_health");
        }
    }

    private Answer health(String csv) {
        try (var server = FaultyServer.http(200, "text/plain", csv)) {
            return health(server);
        }
    }

    private static String why(Answer answer) {
        return String.valueOf(answer.structured().get("unavailable"));
    }

    private static Map<?, ?> first(Answer answer) {
        return Lab.rows(answer, "servers").get(0);
    }

    @ParameterizedTest(name = "{0} with {1}")
    @CsvSource({
        "UP,           L7OK,   200, up,          true,  its check says yes (200)",
        "UP 1/2,       L7STS,  503, going_down,  true,  answers that it is not this role (503)",
        "DOWN,         L7STS,  503, down,        false, answers that it is not this role (503)",
        "DOWN,         L4CON,  '',  down,        false, the port that is checked refuses: said",
        "DOWN 1/2,     L7OK,   200, coming_up,   false, its check says yes (200)",
        "DRAIN,        * L7OK, 200, drain,       false, its check says yes (200)",
        "MAINT (via w/x), '',  '',  maintenance, false, not checked now",
        "no check,     '',     '',  unchecked,   true,  never checked",
        "SLEEPY,       L7OK,   200, SLEEPY (unknown to this version), false, its check says yes (200)",
    })
    void a_status_is_told_in_plain_words(
            String status, String check, String code, String word, boolean serves, String words) {
        Map<?, ?> row = first(health(HEADER + server("s1", status, check, code, "said")));
        assertEquals(word, row.get("status"));
        assertEquals(words, row.get("check"));
        assertEquals(serves, row.get("serves"));
    }

    @Test
    void an_empty_table_is_an_answer_of_nothing() {
        assertTrue(why(health("")).contains("answered nothing"));
    }

    @Test
    void a_table_that_breaks_off_is_not_shown_as_if_it_were_whole() {
        assertTrue(why(health(HEADER + server("s1", "UP", "L7OK", "200", "") + "write,s2,0,0"))
                .contains("half a table"));
    }

    @Test
    void a_page_for_people_is_no_table() {
        try (var server = FaultyServer.http(200, "text/html", "<html>Statistics Report</html>")) {
            assertTrue(why(health(server)).contains("an HTML page"));
        }
    }

    @Test
    void a_wrong_password_is_told_with_the_keys_to_set() {
        try (var server = FaultyServer.http(401, "text/html", "<html>no</html>")) {
            assertTrue(why(health(server)).contains("asks for a user and a password"));
        }
    }

    @Test
    void one_that_hangs_is_told_within_its_deadline() {
        try (var server = FaultyServer.silent()) {
            assertTrue(why(health(server)).contains("did not answer within 0.4 s"));
        }
    }

    /** What stands after the columns that are read, as each version has it; modules follow a column called -. */
    @ParameterizedTest(name = "HAProxy {0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "2.4|check_rise,check_fall,addr,mode,uweight",
                "2.8|addr,mode,uweight,agg_server_status,agg_server_check_status,agg_check_status,srid,sess_other,h1sess",
                "3.0|addr,mode,uweight,agg_server_status,agg_server_check_status,agg_check_status,srid,-,ssl_sess,proto",
                "3.4|addr,priv_idle_cur,mode,uweight,agg_server_status,srid,-,h2_headers_rcvd"
            })
    void columns_are_found_by_their_names_in_every_version(String version, String more) {
        String head = HEADER.replace("extra_of_a_later_version", "lastchg,chkdown," + more);
        String tail = more.replaceAll("\\baddr\\b", "10.0.0.7:5432").replaceAll("(?<=^|,)[^,.]+(?=,|$)", "0");
        String line = server("s1", "UP", "L7OK", "200", "").replace(",x,\n", ",17,3," + tail + ",\n");
        Map<?, ?> row = first(health(head + line));
        assertEquals("up", row.get("status"));
        assertEquals(17L, row.get("last_change_seconds"));
        assertEquals(3L, row.get("times_down"));
        assertEquals("10.0.0.7:5432", row.get("address"), version);
    }
}
