package analyze

import "time"

// ClusterThresholds are those of the rules that compare nodes.
type ClusterThresholds struct {
	// Clocks. Atlassian: clocks "must not diverge", no figure; others warn from 1-2 s on and call 5 s critical. A tenth of a
	// second is where the order of lines of two logs is no longer to be trusted.
	ClockInfo, ClockWarn, ClockCritical time.Duration

	// Links. Atlassian: internode latency good below 10 ms, bad above 50 ms.
	LinkWarn, LinkCritical float64 // milliseconds, median round trip
	LinkSamples            int64   // fewer round trips prove nothing

	// Loss. By Mathis et al. (1997) one TCP stream over 10 ms gets about 14 Mbit/s at 1 % and 6 Mbit/s at 5 %.
	LossWarn, LossCritical float64 // percent
	LossLeast              int     // lost packets: one may be anybody's
	LossSent               int     // fewer exchanges prove nothing

	// Directions that differ by half of what Atlassian calls a good round trip, and by all of it.
	AsymmetryInfo, AsymmetryWarn float64 // milliseconds

	// Outliers. Iglewicz and Hoaglin (1993): a modified z-score, by median and MAD, above 3.5. Under three nodes nobody is the odd one out.
	OutlierNodes int
	OutlierScore float64
	// OutlierSpread is the least spread assumed of peers, of their median: two peers may agree by chance.
	OutlierSpread float64

	// DriftTolerance is the share by which a heap that the JVM chose itself may differ: machines of one size differ by some pages.
	DriftTolerance float64

	// Pauses that others feel. Hazelcast sends a heartbeat each 5 s, and Confluence removes a member after 30 s without one; the safety job
	// that makes a removed node panic runs each 30 s.
	PropagationPause    time.Duration
	PropagationCritical time.Duration
	PropagationThreads  int           // that wait in one dump only; one that is seen twice without moving is enough
	RemovalPause        time.Duration // shorter ones remove nobody
	RemovalAfter        time.Duration // the end of the pause, at the latest
	PanicAfter          time.Duration
	StillSamples        int // successive samples in which a JVM's counters stand
}

func defaultClusterThresholds() ClusterThresholds {
	return ClusterThresholds{
		ClockInfo: 100 * time.Millisecond, ClockWarn: time.Second, ClockCritical: 5 * time.Second,
		LinkWarn: 10, LinkCritical: 50, LinkSamples: 5,
		LossWarn: 1, LossCritical: 5, LossLeast: 3, LossSent: 50,
		AsymmetryInfo: 5, AsymmetryWarn: 10,
		OutlierNodes: 3, OutlierScore: 3.5, OutlierSpread: 0.1,
		DriftTolerance:   0.05,
		PropagationPause: time.Second, PropagationCritical: 10 * time.Second, PropagationThreads: 3,
		RemovalPause: 5 * time.Second, RemovalAfter: 30 * time.Second, PanicAfter: 2 * time.Minute, StillSamples: 2,
	}
}
