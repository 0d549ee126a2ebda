package analyze

import "time"

// RecordingThresholds are those of the rules about flight recordings.
type RecordingThresholds struct {
	RecordingSpan time.Duration // a shorter recording proves nothing

	CPUSamples    int64         // fewer samples of the CPU prove no share: at 50, one of 20 % is known to 6 points
	HotCodeShare  float64       // of the CPU profile, from which on a method is named
	HotCodeCores  float64       // and so many cores: less is an idle service, in which something always has the largest share
	BusyMachine   float64       // CPU use of the machine from which on saving CPU is worth a change: CPUWarn
	CostlyShare   float64       // of the CPU profile in regular expressions, logging, serialisation, class loading; JMC: class loading 10 %
	CostlyBusy    float64       // from which on it is a warning on a busy machine
	AllocRate     float64       // bytes a second from which on the largest site is named
	AllocSite     float64       // its share
	BoxingShare   float64       // of allocation in boxes of primitives
	BlockedNamed  float64       // threads blocked at one lock on average, from which on it is named
	BlockedWarn   float64       // as ContentionWaiters
	SocketSlow    time.Duration // one read or write; JMC warns from 2 s on
	FileSlow      time.Duration // one read or write; JMC warns from 4 s on
	ForceSlow     time.Duration // one force of a file; JMC warns from 50 ms on
	ForcesShare   float64       // threads that wait for forces, on average, from which on it is a warning
	ExceptionRate float64       // thrown a second; JMC names 5,000 and warns at 10,000
	ExceptionWarn float64
	ExceptionCPU  float64 // of the CPU profile in making exceptions
}

func defaultRecordingThresholds() RecordingThresholds {
	return RecordingThresholds{
		RecordingSpan: 5 * time.Second,
		CPUSamples:    50,
		HotCodeShare:  0.20, HotCodeCores: 0.3, BusyMachine: 0.90,
		CostlyShare: 0.10, CostlyBusy: 0.25,
		AllocRate: 100 << 20, AllocSite: 0.25, BoxingShare: 0.10,
		BlockedNamed: 0.5, BlockedWarn: 5,
		SocketSlow: 2 * time.Second, FileSlow: 4 * time.Second, ForceSlow: 50 * time.Millisecond, ForcesShare: 1,
		ExceptionRate: 5000, ExceptionWarn: 10000, ExceptionCPU: 0.10,
	}
}
