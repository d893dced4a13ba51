package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Observed;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;

/** The groups that a call is about, and what of them could not be read. */
record Asked(List<Group> groups, List<String> unobserved, List<Unavailable> unavailable) {
    static Asked of(Optional<String> group, Context context) {
        Observed observed = context.cluster()
                .patroni(context.call(), context.cluster().settings().httpTimeout());
        List<Unavailable> unavailable = new ArrayList<>(Unavailable.of("patroni", observed.silent()));
        String unnamed = observed.unnamed();
        if (unnamed != null) {
            unavailable.add(new Unavailable("citus", "numbers of the groups", unnamed));
        }
        for (Group one : observed.groups()) {
            String silence = one.dcsSilence();
            if (silence != null) {
                unavailable.add(new Unavailable("patroni", "DCS of group " + one.name(), silence));
            }
            one.members().stream()
                    .filter(member -> member.own().isEmpty() && member.silence() != null)
                    .map(member -> new Unavailable("patroni", member.name(), String.valueOf(member.silence())))
                    .filter(part ->
                            unavailable.stream().noneMatch(known -> known.why().equals(part.why())))
                    .forEach(unavailable::add);
        }
        return new Asked(
                observed.chosen(group),
                observed.unobserved().stream().map(Observed.Unobserved::words).toList(),
                unavailable);
    }
}
