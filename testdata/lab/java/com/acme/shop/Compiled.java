package com.acme.shop;

import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/** Rules that are generated as classes, each of which the JVM compiles. */
final class Compiled {
  private final List<IntUnaryOperator> rules = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();

  Compiled(int count) throws Exception {
    byte[] code;
    try (InputStream in = Compiled.class.getResourceAsStream("Formula.class")) {
      code = in.readAllBytes();
    }
    for (int i = 0; i < count; i++) {
      rules.add((IntUnaryOperator) MethodHandles.lookup().defineHiddenClass(code, true).lookupClass().getDeclaredConstructor().newInstance());
    }
  }

  int evaluate() {
    int sum = 0;
    for (int n = 0; n < 8; n++) {
      IntUnaryOperator rule = rules.get(Math.floorMod(next.getAndIncrement(), rules.size()));
      for (int i = 0; i < 3000; i++) sum += rule.applyAsInt(i);
    }
    return sum;
  }
}

final class Formula implements IntUnaryOperator {
  @Override
  public int applyAsInt(int n) {
    int sum = n;
    for (int i = 1; i < 12; i++) {
      switch ((sum ^ i) & 15) {
        case 0 -> sum += i * 3;
        case 1 -> sum -= n / i;
        case 2 -> sum ^= n << 2;
        case 3 -> sum += Integer.bitCount(sum);
        case 4 -> sum = sum * 31 + i;
        case 5 -> sum -= Integer.highestOneBit(n | 1);
        case 6 -> sum += Math.max(n, i);
        case 7 -> sum ^= Math.abs(sum - i);
        case 8 -> sum = Integer.reverse(sum);
        case 9 -> sum += Integer.rotateLeft(n, i);
        default -> sum += helper(sum, i);
      }
    }
    return sum;
  }

  private int helper(int a, int b) {
    return a % (b + 7) + (a >>> 3) * b;
  }
}
