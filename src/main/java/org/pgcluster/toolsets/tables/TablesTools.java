package org.pgcluster.toolsets.tables;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code tables}. A switch, so that a call loads its own tool and no other. */
public final class TablesTools {
    private TablesTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "advise_distribution" -> new AdviseDistribution();
            case "list_table_types" -> new ListTableTypes();
            default -> null;
        };
    }
}
