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
            case "create_reference_table" -> new CreateReferenceTable();
            case "convert_to_local" -> new ConvertToLocal();
            case "distribute_schema" -> new DistributeSchema();
            case "convert_to_distributed" -> new ConvertToDistributed();
            default -> null;
        };
    }
}
