package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;

/** Acts as an assistant that may approve them: plan, token, act, and waiting for what goes on. */
public final class Acting {
    private Acting() {}

    public static Answer done(Lab lab, String act, Object... arguments) {
        Answer answer = begun(lab, act, arguments);
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
        while (!answer.isError() && "running".equals(answer.structured().get("status")) && System.nanoTime() < until) {
            Object operation = Objects.requireNonNull(answer.structured().get("operation"));
            Answer followed = lab.call("operation_status", "operation", operation, "wait_seconds", 30);
            if (!"running".equals(followed.structured().get("state"))) {
                return followed;
            }
        }
        return answer;
    }

    /** Its first answer, which may be that it goes on. A plan that fails is the answer, too. */
    public static Answer begun(Lab lab, String act, Object... arguments) {
        Map<String, Object> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        Answer filed = lab.call("citus_request_approval_token", "action", act, "arguments", given);
        if (filed.isError()) {
            return filed;
        }
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.add("approval_token");
        all.add(Objects.requireNonNull(filed.structured().get("token")));
        return lab.call(act, all.toArray());
    }
}
