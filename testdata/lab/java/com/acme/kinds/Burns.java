package com.acme.kinds;

import com.acme.kinds.Kinds.Maker;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.Deflater;

/** What burns a CPU, in code of the JDK or the program's own. */
final class Burns {
  static final Map<String, Maker> ALL = Map.ofEntries(
      Map.entry("split", sick -> new ZzScissors(sick)::zzcut),
      Map.entry("colliding-keys", sick -> new ZzPigeonhole(sick)::zzfile),
      Map.entry("deflater", sick -> new ZzPress(sick)::zzpack),
      Map.entry("big-numbers", sick -> new ZzAbacus(sick)::zzcount),
      Map.entry("spin", sick -> new ZzMill(sick)::zzgrind),
      Map.entry("intern", sick -> new ZzEngraver(sick)::zzetch));
}

final class ZzScissors {
  private final String text;

  ZzScissors(boolean sick) {
    text = sick ? "x".repeat(34) + "!" : "xxx!";
  }

  void zzcut() {
    text.split("(x+x+)+\\1y");
  }
}

final class ZzPigeonhole {
  private final int keys;

  ZzPigeonhole(boolean sick) {
    keys = sick ? 60_000 : 20;
  }

  private record Bird(int n) {
    @Override
    public int hashCode() {
      return 7;
    }
  }

  void zzfile() {
    Map<Bird, Integer> holes = new HashMap<>();
    for (int i = 0; i < keys; i++) holes.put(new Bird(i), i);
  }
}

final class ZzPress {
  private final int rounds;

  ZzPress(boolean sick) {
    rounds = sick ? 100_000 : 1;
  }

  void zzpack() {
    byte[] in = new byte[1 << 16];
    new java.util.Random(1).nextBytes(in);
    byte[] out = new byte[1 << 17];
    for (int i = 0; i < rounds; i++) {
      Deflater d = new Deflater(9);
      d.setInput(in);
      d.finish();
      d.deflate(out);
      d.end();
    }
  }
}

final class ZzAbacus {
  private final int rounds;

  ZzAbacus(boolean sick) {
    rounds = sick ? 1_000_000 : 10;
  }

  void zzcount() {
    BigInteger n = BigInteger.ONE;
    for (int i = 1; i < rounds; i++) n = n.multiply(BigInteger.valueOf(i));
  }
}

final class ZzMill {
  private final boolean sick;
  private volatile boolean ground;

  ZzMill(boolean sick) {
    this.sick = sick;
    ground = !sick;
  }

  void zzgrind() {
    while (sick && !ground) Thread.onSpinWait();
  }
}

final class ZzEngraver {
  private final boolean sick;

  ZzEngraver(boolean sick) {
    this.sick = sick;
  }

  void zzetch() {
    long n = 0;
    do {
      ("plate-" + n++ % 1_000_000).intern();
    } while (sick);
  }
}
