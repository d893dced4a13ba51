package org.pgcluster.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Shape;

/** Reads what a node answered: one JSON array within the one element of an XML row. */
final class Answers {
    private static final String OPEN = "<told>";
    private static final String CLOSE = "</told>";

    private Answers() {}

    @SuppressWarnings("unchecked") // keys of JSON objects are texts
    static <R extends Record> List<R> rows(Shape<R> shape, String text) {
        int from = text.indexOf(OPEN);
        int to = text.lastIndexOf(CLOSE);
        if (from < 0
                || to < from
                || !(JsonText.read(plain(text.substring(from + OPEN.length(), to))) instanceof List<?> rows)) {
            throw new ToolException(ErrorCode.UPSTREAM_ERROR, "A node answered something that is no list.", null);
        }
        List<R> bound = new ArrayList<>(rows.size());
        for (Object row : rows) {
            bound.add(shape.bind((Map<String, Object>) row));
        }
        return List.copyOf(bound);
    }

    /** The four characters that PostgreSQL writes otherwise in XML; the ampersand last, as it was first there. */
    private static String plain(String xml) {
        return xml.indexOf('&') < 0
                ? xml
                : xml.replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&#x0d;", "\r")
                        .replace("&amp;", "&");
    }

    /** What a node said instead of an answer, on one line. */
    static String refusal(String text) {
        String said = text.strip().replaceAll("\\s*\\n\\s*", " ");
        return said.contains("unsupported XML feature")
                ? said + ": its PostgreSQL was built without libxml, so it cannot run query_to_xml, by which every node"
                        + " is asked; packages are built with it (./configure --with-libxml)"
                : said;
    }
}
