package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Free SQL that reads, whatever it is given. */
public final class ExecuteSql implements Reads<ExecuteSql.Input, ExecuteSql.Output> {
    private static final int CELL_CHARACTERS = 4_000;

    record Input(
            @Says("One statement; $1, $2 … for params") String sql,
            @Says("Values for $1, $2 …") Optional<List<@Nullable Object>> params,

            @Says("Most rows to return") @Range(min = 1, max = 100000)
            Optional<Integer> maxRows,

            @Says("Another database here") Optional<String> database) {}

    record Output(
            List<FreeSql.Column> columns,
            List<List<@Nullable Object>> rows,
            boolean more,
            List<String> notices,
            @Nullable String note)
            implements InWords {
        @Override
        public String inWords() {
            String count = rows.size() + (rows.size() == 1 ? " row" : " rows");
            String cut =
                    more ? ", and there are more: page by key (WHERE key > last ORDER BY key) or raise max_rows" : "";
            return count + cut + "." + (note == null ? "" : " " + note);
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "execute_sql",
                "Read with SQL",
                Input.class,
                Output.class,
                "Runs one reading SQL statement and returns its rows. Nothing it is given can change anything.");
    }

    @Override
    public Output read(Input input, Context context) {
        if (!context.cluster().rowDataAllowed()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "row_data: deny keeps rows inside, so free SQL is off.",
                    "Structure and statistics are still there: ask the other tools.");
        }
        int rows = input.maxRows().orElse(context.server().maxRows());
        var budget = new FreeSql.Budget(rows, context.server().maxTextBytes(), CELL_CHARACTERS);
        FreeSql.Result result =
                context.cluster().read(context.call(), input.database(), input.sql(), texts(input.params()), budget);
        return new Output(result.columns(), result.rows(), result.more(), result.notices(), note(result));
    }

    /** The server reads each text as the type that the statement gives it. */
    static List<@Nullable String> texts(Optional<List<@Nullable Object>> params) {
        List<@Nullable String> texts = new ArrayList<>();
        for (Object value : params.orElse(List.of())) {
            texts.add(value == null ? null : value instanceof String text ? text : JsonText.write(value));
        }
        return texts;
    }

    private static @Nullable String note(FreeSql.Result result) {
        StringBuilder note = new StringBuilder();
        if (result.cutCells() > 0) {
            note.append(result.cutCells()).append(" long values were cut; left(column, n) or substr() reads parts.");
        }
        if (!result.rowSecured().isEmpty()) {
            note.append(note.isEmpty() ? "" : " ").append("Row security may hide rows of ");
            note.append(String.join(", ", result.rowSecured())).append('.');
        }
        return note.isEmpty() ? null : note.toString();
    }
}
