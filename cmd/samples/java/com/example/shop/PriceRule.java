package com.example.shop;

/** Work that is worth compiling; each copy of the class gets code of its own. */
public class PriceRule implements Runnable {
    private long total;

    @Override
    public void run() {
        for (int i = 0; i < 200; i++) {
            total += discount(i) + freight(i) + tax(i) + rounding(i) + voucher(i);
        }
    }

    private long discount(int i) {
        return i % 7 == 0 ? total >> 3 : Math.max(i, total % 11);
    }

    private long freight(int i) {
        long sum = 0;
        for (int k = 0; k < 8; k++) {
            sum += (total ^ i) * k;
        }
        return sum;
    }

    private long tax(int i) {
        return Long.rotateLeft(total + i, 5) % 19;
    }

    private long rounding(int i) {
        return String.valueOf(i).length() + Math.floorMod(total, 10);
    }

    private long voucher(int i) {
        switch (i % 5) {
            case 0: return total & 0xff;
            case 1: return i * 31L;
            case 2: return total / (i + 1);
            case 3: return -i;
            default: return 7;
        }
    }
}
