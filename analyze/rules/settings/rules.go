// Package settings holds the rules about a JVM's options and its compiled code.
package settings

import "casefile/analyze"

// Rules lists those about the JVM's settings and its compiled code.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		codeCacheFull,
		jitDisabled,
		unsafeConfig,
		jdkOutOfSupport,
	}
}
