package org.pgcluster.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http;

/**
 * All groups that could be asked.
 *
 * @param unobserved Citus groups that no configured member belongs to
 * @param unnamed why the numbers of the Citus groups could not be read
 */
public record Observed(
        List<Group> groups,
        List<Unobserved> unobserved,
        List<Silent> silent,
        @Nullable String unnamed) {
    public Observed {
        groups = List.copyOf(groups);
        unobserved = List.copyOf(unobserved);
        silent = List.copyOf(silent);
    }

    public record Unobserved(int group, String where) {
        public String words() {
            return "Citus group " + group + " (" + where + "): no address in patroni_urls leads to its Patroni";
        }
    }

    /** Groups that no address could be matched for get the number of the Citus group whose database they are copies of. */
    public Observed named(Map<String, Integer> numbers) {
        List<Group> all = new ArrayList<>();
        List<Unobserved> left = new ArrayList<>(unobserved);
        for (Group group : groups) {
            Integer number = group.systemIdentifier().map(numbers::get).orElse(null);
            boolean wanted = number != null && (left.removeIf(one -> one.group() == number) || unnamed != null);
            all.add(wanted ? group.called(String.valueOf(number)) : group);
        }
        all.sort((one, other) -> one.name().compareTo(other.name()));
        return new Observed(all, left, silent, unnamed);
    }

    /** The group of that name or with that member; without a name the only one. */
    public Group group(Optional<String> wanted) {
        List<Group> found = wanted.isEmpty() ? groups : some(wanted.get());
        if (found.size() == 1) {
            return found.get(0);
        }
        String names = String.join(", ", groups.stream().map(Group::name).toList());
        if (groups.isEmpty()) {
            throw new ToolException(
                    ErrorCode.CONNECTION_FAILED,
                    "No Patroni answered"
                            + (silent.isEmpty() ? "." : ": " + silent.get(0).why()),
                    "patroni_cluster_status tells what each address said.");
        }
        throw wanted.isEmpty()
                ? ToolException.invalidInput("`group` is required, one of " + names + ".", null)
                : new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no Patroni group " + wanted.get()
                                + (unnamed == null
                                        ? "."
                                        : "; the numbers of Citus' groups could not be read: " + unnamed),
                        "`group` is one of " + names
                                + (groups.stream().anyMatch(group -> group.dcsSilence() != null)
                                        ? "; while the DCS is silent members may go by their addresses."
                                        : ", or the name of a member."));
    }

    /** For reads: all, or the one. */
    public List<Group> chosen(Optional<String> wanted) {
        return wanted.isEmpty() ? groups : List.of(group(wanted));
    }

    private List<Group> some(String wanted) {
        List<Group> named =
                groups.stream().filter(group -> group.name().equals(wanted)).toList();
        return named.isEmpty()
                ? groups.stream()
                        .filter(group -> group.named(wanted).isPresent()
                                || wanted.equals(group.scope())
                                || group.members().stream().anyMatch(member -> isAt(member, wanted)))
                        .toList()
                : named;
    }

    /** A group is called by an address of it as long as nobody tells its number, and that may be a moment ago. */
    private static boolean isAt(Member member, String wanted) {
        String api = member.api();
        return member.address().filter(wanted::equals).isPresent() || (api != null && wanted.equals(Http.label(api)));
    }
}
