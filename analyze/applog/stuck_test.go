package applog

import (
	"slices"
	"strings"
	"testing"
)

// The stack that the valve prints after a report belongs to it; the next entry of the log ends it.
func TestStackOfAReport(t *testing.T) {
	text := "18-Apr-2025 10:48:30.153 WARNING [Catalina-utility-1] org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadDetected Thread [http-nio-80-exec-7] (id=[28]) has been active for [61,000] milliseconds (since [4/18/25, 10:43 AM]) to serve the same request for [http://shop/cart] and may be stuck (configured threshold for this StuckThreadDetectionValve is [60] seconds).\n" +
		"\tjava.lang.Throwable\n\t\tat java.base@17.0.2/java.lang.Object.wait(Native Method)\n\t\tat com.acme.Cart.sum(Cart.java:9)\n" +
		"18-Apr-2025 10:48:31.000 INFO [main] com.acme.Other.line something\n\tat com.acme.Other.frame(Other.java:1)\n"
	s := NewScanner("catalina.log", nil)
	if _, err := s.Write([]byte(strings.ReplaceAll(text, "\r", ""))); err != nil {
		t.Fatal(err)
	}
	l := s.Finish()
	if len(l.Stuck) != 1 || !slices.Equal(l.Stuck[0].Frames, []string{"java.base@17.0.2/java.lang.Object.wait(Native Method)", "com.acme.Cart.sum(Cart.java:9)"}) {
		t.Errorf("%+v", l.Stuck)
	}
}
