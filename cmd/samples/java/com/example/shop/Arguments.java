package com.example.shop;

/** The command line: element 0 is the scenario, each further one has a default. */
final class Arguments {
    private final String[] values;

    Arguments(String[] values) {
        this.values = values;
    }

    String text(int i, String otherwise) {
        return i < values.length ? values[i] : otherwise;
    }

    int number(int i, int otherwise) {
        return i < values.length ? Integer.parseInt(values[i]) : otherwise;
    }
}
