package com.acme.memory;

import java.lang.invoke.MethodHandles;

/** A class that is defined many times. */
final class Plugin {
  private int used;
  private String name = "plugin";

  static Class<?> hidden(byte[] code) throws IllegalAccessException {
    return MethodHandles.lookup().defineHiddenClass(code, false).lookupClass();
  }

  int use(String by) {
    used += by.length();
    if (used > 1000) {
      name = by + name.hashCode();
    }
    return used;
  }

  @Override
  public String toString() {
    return name + " used " + used + " times";
  }
}
