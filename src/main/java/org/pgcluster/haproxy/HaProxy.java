package org.pgcluster.haproxy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.config.Address;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.Proxy.Back;
import org.pgcluster.haproxy.Proxy.Front;
import org.pgcluster.http.Http;
import org.pgcluster.wire.Wire;

/** Every configured HAProxy, by statistics page or runtime socket. Threads share it; it keeps no connection. */
public final class HaProxy {
    /** By hand, or with a server that it tracks: bits of srv_admin_state. */
    private static final int DRAINED = 0x08 | 0x10;

    private final List<String> urls;
    private final Http http;

    public HaProxy(ClusterSettings settings) {
        this.urls = settings.haproxyUrls();
        this.http = new Http("haproxy", settings.haproxyAccess());
    }

    public record Observed(List<Proxy> proxies, List<Silent> silent) {
        public Observed {
            proxies = List.copyOf(proxies);
            silent = List.copyOf(silent);
        }
    }

    /** The configured addresses as they are named in answers. */
    public List<String> instances() {
        return urls.stream().map(HaProxy::name).toList();
    }

    private static String name(String url) {
        return url.startsWith("http") ? Http.label(url) : url;
    }

    private static boolean isSocket(String url) {
        return !url.startsWith("http");
    }

    public Observed read(List<String> instances, Duration limit, Call call) {
        List<Proxy> proxies = new ArrayList<>();
        List<Silent> silent = new ArrayList<>();
        for (Object one : Together.all(instances, name -> asked(name, limit, call))) {
            if (one instanceof Proxy proxy) {
                proxies.add(proxy);
            } else {
                silent.add((Silent) one);
            }
        }
        return new Observed(proxies, silent);
    }

    private Object asked(String name, Duration limit, Call call) {
        try {
            return one(name, limit, call);
        } catch (ToolException e) {
            return new Silent(name, e);
        }
    }

    public Proxy one(String name, Duration limit, Call call) {
        String url = url(name);
        return isSocket(url)
                ? bySocket(name, limit, call)
                : proxy(name, page(name, url).stats(limit, call), Map.of(), null, false);
    }

    private String url(String name) {
        return urls.stream()
                .filter(url -> name(url).equals(name))
                .findFirst()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no HAProxy " + name + ".",
                        "`instance` is one of " + String.join(", ", instances()) + "."));
    }

    private Page page(String name, String url) {
        return new Page(http, name, url);
    }

    /** Three commands, and one limit for all of them. */
    private Proxy bySocket(String name, Duration limit, Call call) {
        Call own = call.atMost(limit);
        try (var handle = call.onCancel(own::cancel)) {
            List<Stat> stats = Stat.whole(command(name, "show stat", limit, own), name);
            Map<String, Place> places = places(command(name, "show servers state", limit, own));
            return proxy(name, stats, places, process(command(name, "show info", limit, own)), true);
        }
    }

    /** Sends what changes something, and answers what it said against it; nothing is agreement. */
    public String change(String name, Request request, Duration limit, Call call) {
        String url = url(name);
        return isSocket(url)
                ? command(name, request.words(), limit, call).strip()
                : page(name, url).post(request.form(), limit, call);
    }

    /** A command for the socket, or the form for the page. */
    public record Request(String words, String form) {}

    public Request stateOf(String name, String backend, String server, String state) {
        return isSocket(url(name))
                ? new Request("set server " + backend + "/" + server + " state " + state, "")
                : new Request("POST the form of the statistics page", Page.form(backend, server, state));
    }

    public boolean hasSocket(String name) {
        return isSocket(url(name));
    }

    /** Whether it can be told anything: a page can where its configuration shows this client the form. */
    public boolean canBeTold(String name, Duration limit, Call call) {
        return isSocket(url(name)) || page(name, url(name)).hasForm(limit, call);
    }

    /** What the socket answers to one command; it takes one a connection. */
    private String command(String name, String command, Duration limit, Call call) {
        String url = url(name);
        Duration left = limit.compareTo(call.timeLeft()) < 0 ? limit : call.timeLeft();
        try (Wire wire = wire(name, url, left, call)) {
            wire.send((command + "\n").getBytes(StandardCharsets.UTF_8));
            return new String(wire.takeAll(Http.MOST_BYTES), StandardCharsets.UTF_8);
        }
    }

    private static Wire wire(String name, String url, Duration limit, Call call) {
        if (url.startsWith("unix:")) {
            return Wire.unix(name, url.substring("unix:".length()), limit, call);
        }
        if (url.startsWith("tcp:")) {
            int colon = url.lastIndexOf(':');
            String host = url.substring("tcp:".length(), colon).replaceAll("^//|[\\[\\]]", "");
            return Wire.to(name, new Address(host, Integer.parseInt(url.substring(colon + 1))), limit, call);
        }
        throw new ToolException(
                ErrorCode.NOT_CONFIGURED,
                name + " is a statistics page, which only reads here.",
                "Add the runtime socket to haproxy_urls (unix:/path or tcp:host:port, level admin).");
    }

    private static Proxy proxy(
            String name, List<Stat> stats, Map<String, Place> places, Proxy.@Nullable Running process, boolean canAct) {
        List<Front> fronts = new ArrayList<>();
        List<Back> backs = new ArrayList<>();
        List<Server> servers = new ArrayList<>();
        for (Stat stat : stats) {
            switch (stat.text("svname")) {
                case "FRONTEND" -> fronts.add(front(stat));
                case "BACKEND" -> backs.add(back(stat));
                default -> {
                    if (!"3".equals(stat.text("type"))) { // a listener is part of its frontend
                        Server server = Server.of(stat);
                        Place place = places.get(server.backend() + "/" + server.name());
                        servers.add(
                                place == null
                                        ? server
                                        : server.at(place.address(), place.checkPort(), place.drained()));
                    }
                }
            }
        }
        return new Proxy(name, fronts, backs, servers, process, canAct);
    }

    private static Front front(Stat stat) {
        return new Front(
                stat.text("pxname"),
                stat.text("status"),
                stat.number("scur"),
                stat.number("smax"),
                stat.number("slim"),
                stat.number("stot"),
                stat.number("rate"),
                stat.number("rate_max"),
                stat.number("ereq"),
                stat.number("dreq"));
    }

    private static Back back(Stat stat) {
        return new Back(
                stat.text("pxname"),
                stat.text("status"),
                stat.number("scur"),
                stat.number("smax"),
                stat.number("stot"),
                stat.number("qcur"),
                stat.number("qmax"),
                stat.number("econ"),
                stat.number("wretr"),
                stat.number("wredis"),
                stat.number("lastchg"));
    }

    private record Place(String address, int checkPort, boolean drained) {}

    /** Where each server is and which port is checked, by backend/server; its header names the columns. */
    private static Map<String, Place> places(String state) {
        Map<String, Place> places = new HashMap<>();
        List<String> header = List.of();
        for (String line : state.lines().toList()) {
            if (line.startsWith("# ")) {
                header = List.of(line.substring(2).split(" ", -1));
            } else if (header.size() > 4) {
                List<String> cells = List.of(line.split(" ", -1));
                String address = cell("srv_addr", header, cells);
                String port = cell("srv_port", header, cells);
                if (!address.isEmpty() && !port.isEmpty()) {
                    places.put(
                            cell("be_name", header, cells) + "/" + cell("srv_name", header, cells),
                            new Place(
                                    address + ":" + port,
                                    number(cell("srv_check_port", header, cells)),
                                    (number(cell("srv_admin_state", header, cells)) & DRAINED) != 0));
                }
            }
        }
        return places;
    }

    private static String cell(String name, List<String> header, List<String> cells) {
        int at = header.indexOf(name);
        return at >= 0 && at < cells.size() ? cells.get(at) : "";
    }

    private static int number(String text) {
        return isNumber(text) ? Integer.parseInt(text) : 0;
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.length() < 6 && text.chars().allMatch(Character::isDigit);
    }

    private static Proxy.@Nullable Running process(String info) {
        Map<String, String> facts = new HashMap<>();
        info.lines().forEach(line -> {
            int colon = line.indexOf(": ");
            if (colon > 0) {
                facts.put(line.substring(0, colon), line.substring(colon + 2).strip());
            }
        });
        String version = facts.get("Version");
        return version == null
                ? null
                : new Proxy.Running(
                        version,
                        whole(facts, "Pid"),
                        whole(facts, "Uptime_sec"),
                        whole(facts, "CurrConns"),
                        whole(facts, "Maxconn"),
                        facts.containsKey("Idle_pct") ? (Long) whole(facts, "Idle_pct") : null,
                        whole(facts, "Stopping") == 1);
    }

    private static long whole(Map<String, String> facts, String name) {
        String text = facts.getOrDefault(name, "");
        return text.isEmpty() || text.length() > 18 || !text.chars().allMatch(Character::isDigit)
                ? 0
                : Long.parseLong(text);
    }
}
