package org.pgcluster.dispatch;

import java.util.Map;
import org.pgcluster.error.ToolException;

/** An error that carries more than its text: the new plan, the new request. */
final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ToolException problem;
    private final transient Map<String, ?> more;

    Refused(ToolException problem, Map<String, ?> more) {
        super(problem);
        this.problem = problem;
        this.more = more;
    }

    ToolException problem() {
        return problem;
    }

    Map<String, ?> more() {
        return more;
    }
}
