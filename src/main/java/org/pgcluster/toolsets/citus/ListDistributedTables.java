package org.pgcluster.toolsets.citus;

import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** A second name, which clients of another server know. */
public final class ListDistributedTables
        implements Reads<CitusListDistributedTables.Input, CitusListDistributedTables.Output> {
    private final CitusListDistributedTables same = new CitusListDistributedTables();

    @Override
    public Declaration<CitusListDistributedTables.Input, CitusListDistributedTables.Output> declaration() {
        return Declaration.reads(
                "list_distributed_tables",
                "List distributed tables",
                CitusListDistributedTables.Input.class,
                CitusListDistributedTables.Output.class,
                "The same as citus_list_distributed_tables.");
    }

    @Override
    public CitusListDistributedTables.Output read(CitusListDistributedTables.Input input, Context context) {
        return same.read(input, context);
    }
}
