package org.pgcluster.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Asks several servers at once, on threads of its own, so that a call never waits for a worker that waits for it. */
public final class Together {
    private static final int AT_ONCE = 16;

    private Together() {}

    /** The answers in the order of the questions. {@code ask} must end by itself, at its own deadline. */
    public static <Q, A> List<A> all(List<Q> questions, Function<Q, A> ask) {
        Semaphore room = new Semaphore(AT_ONCE);
        List<FutureTask<A>> tasks = new ArrayList<>();
        for (Q question : questions) {
            FutureTask<A> task = new FutureTask<>(() -> {
                room.acquire();
                try {
                    return ask.apply(question);
                } finally {
                    room.release();
                }
            });
            tasks.add(task);
            Thread thread = new Thread(task, "gather " + tasks.size());
            thread.setDaemon(true);
            thread.start();
        }
        List<A> answers = new ArrayList<>();
        for (FutureTask<A> task : tasks) {
            answers.add(answer(task));
        }
        return answers;
    }

    public static void run(List<Runnable> questions) {
        all(questions, question -> {
            question.run();
            return true;
        });
    }

    private static <A> A answer(FutureTask<A> task) {
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException(ErrorCode.CANCELLED, "Cancelled while it asked several servers.", null);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException("a question ended with an error", e.getCause());
        }
    }
}
