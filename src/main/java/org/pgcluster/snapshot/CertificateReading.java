package org.pgcluster.snapshot;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.config.Address;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ToolException;
import org.pgcluster.wire.PeerCertificate;

/** Looks at the certificate of every configured address and Citus node that may have one. Who does not answer says so elsewhere. */
final class CertificateReading {
    private record Place(String component, Address address, boolean postgres) {}

    private CertificateReading() {}

    static List<Certificate> of(Cluster cluster, Call call, Duration each) {
        List<Optional<Certificate>> found =
                Together.all(List.copyOf(places(cluster, call, each).values()), place -> look(place, each, call));
        return found.stream().flatMap(Optional::stream).toList();
    }

    private static Map<String, Place> places(Cluster cluster, Call call, Duration each) {
        ClusterSettings settings = cluster.settings();
        List<Place> places = new ArrayList<>();
        settings.coordinator().ifPresent(dsn -> {
            add(places, "postgres", dsn);
            if (encrypts(dsn)) {
                nodes(cluster, call, each).forEach(address -> places.add(new Place("citus", address, true)));
            }
        });
        settings.pgbouncers().forEach(dsn -> add(places, "pgbouncer", dsn));
        settings.patroniUrls().forEach(url -> add(places, "patroni", url));
        settings.haproxyUrls().forEach(url -> add(places, "haproxy", url));
        Map<String, Place> once = new LinkedHashMap<>();
        places.forEach(place -> once.putIfAbsent(place.address().toString(), place));
        return once;
    }

    private static boolean encrypts(Dsn dsn) {
        return !"disable".equals(dsn.parameters().get("sslmode"));
    }

    /** Where they cannot be listed, that is told of the coordinator. */
    private static List<Address> nodes(Cluster cluster, Call call, Duration each) {
        Call own = Call.within(each.dividedBy(2));
        try (var handle = call.onCancel(own::cancel)) {
            return cluster.nodes(own).stream()
                    .map(node -> {
                        int colon = node.where().lastIndexOf(':');
                        String host = node.where().substring(0, colon).replaceAll("[\\[\\]]", "");
                        return new Address(host, Integer.parseInt(node.where().substring(colon + 1)));
                    })
                    .filter(address -> !address.host().startsWith("/"))
                    .toList();
        } catch (ToolException e) {
            return List.of();
        }
    }

    private static void add(List<Place> places, String component, Dsn dsn) {
        if (encrypts(dsn)) {
            dsn.hosts().stream()
                    .filter(address -> !address.host().startsWith("/"))
                    .forEach(address -> places.add(new Place(component, address, true)));
        }
    }

    private static void add(List<Place> places, String component, String url) {
        if (url.startsWith("https:")) {
            URI uri = URI.create(url);
            int port = uri.getPort() < 0 ? 443 : uri.getPort();
            places.add(new Place(component, new Address(Objects.requireNonNull(uri.getHost()), port), false));
        }
    }

    private static Optional<Certificate> look(Place place, Duration each, Call call) {
        return PeerCertificate.of(place.address(), place.postgres(), each, call)
                // Citus makes its own with no time in which it would be valid: to encrypt, for nobody to verify.
                .filter(one ->
                        one.getNotAfter().toInstant().isAfter(one.getNotBefore().toInstant()))
                .map(one -> new Certificate(
                        place.component(),
                        place.address().toString(),
                        one.getSubjectX500Principal().getName(),
                        one.getNotAfter().toInstant()));
    }
}
