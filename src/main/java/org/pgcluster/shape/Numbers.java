package org.pgcluster.shape;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;

/** JSON's numbers as Java's, without loss. */
final class Numbers {
    private static final int LARGEST_SCALE = 10_000;

    private Numbers() {}

    /** The number as it is; not where the exponent alone would cost more memory than a number is worth */
    static BigDecimal exact(Number number) {
        if (number instanceof Long || number instanceof Integer) {
            return BigDecimal.valueOf(number.longValue());
        }
        if (number instanceof BigInteger whole) {
            return new BigDecimal(whole);
        }
        var exact = number instanceof BigDecimal decimal ? decimal : new BigDecimal(number.toString());
        if (Math.abs((long) exact.scale()) > LARGEST_SCALE) {
            throw new ArithmeticException("exponent out of bounds");
        }
        return exact;
    }

    static Number seconds(Duration duration) {
        var whole = duration.getSeconds();
        var rest = duration.getNano();
        return rest == 0
                ? (Number) whole
                : BigDecimal.valueOf(whole).add(BigDecimal.valueOf(rest, 9)).stripTrailingZeros();
    }
}
