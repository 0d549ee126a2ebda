// Package recordings holds the rules about flight recordings.
package recordings

import "casefile/analyze"

// Rules lists those about flight recordings.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		hotCode,
		costlyCalls,
		allocationSite,
		lockSite,
		ioSite,
		exceptionFlow,
	}
}
