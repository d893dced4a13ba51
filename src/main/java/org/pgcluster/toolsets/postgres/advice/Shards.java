package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgcluster.checks.advice.Access;
import org.pgcluster.postgres.Sql;

/** Plans of shards name shards; their indexes are built on the distributed table. */
final class Shards {
    private static final Pattern SHARD = Pattern.compile("_(\\d+)\"?$");

    private record Named(long shard, String name) {}

    private static final String NAMES = """
            SELECT shard.shardid AS shard, quote_ident(space.nspname) || '.' || quote_ident(whole.relname) AS name
              FROM pg_dist_shard AS shard
              JOIN pg_class AS whole ON whole.oid = shard.logicalrelid
              JOIN pg_namespace AS space ON space.oid = whole.relnamespace
             WHERE shard.shardid = ANY (?::bigint[])
            """;

    private Shards() {}

    static List<Planning.Taken> named(Sql sql, List<Planning.Taken> taken) {
        Set<Long> asked = new HashSet<>();
        taken.stream()
                .filter(Planning.Taken::distributed)
                .flatMap(one -> one.accesses().stream())
                .forEach(access -> shard(access).ifPresent(asked::add));
        if (asked.isEmpty()) {
            return taken;
        }
        Map<Long, String> names = new HashMap<>();
        sql.list(Named.class, NAMES, asked).forEach(one -> names.put(one.shard(), one.name()));
        List<Planning.Taken> named = new ArrayList<>();
        for (Planning.Taken one : taken) {
            List<Access> accesses = one.accesses().stream()
                    .map(access -> shard(access)
                            .flatMap(shard -> Optional.ofNullable(names.get(shard)))
                            .map(access::of)
                            .orElse(access))
                    .toList();
            named.add(new Planning.Taken(one.statement(), one.types(), accesses, one.distributed()));
        }
        return named;
    }

    private static Optional<Long> shard(Access access) {
        Matcher shard = SHARD.matcher(access.table());
        return shard.find() && shard.group(1).length() < 18
                ? Optional.of(Long.parseLong(shard.group(1)))
                : Optional.empty();
    }
}
