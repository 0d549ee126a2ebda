package views

import (
	"strings"

	"casefile/analyze/gc"
)

// Causes as the JVM names them.
func ExplicitCause(_ gc.Kind, cause string) bool {
	switch cause {
	case "System.gc()", "System", "Diagnostic Command", "JvmtiEnv ForceGarbageCollection", "runtime.GC()":
		return true
	}
	return false
}

func MetaspaceCause(_ gc.Kind, cause string) bool {
	return strings.HasPrefix(cause, "Metadata GC") || cause == "Last ditch collection" ||
		strings.HasPrefix(cause, "Permanent Generation")
}

func HumongousCause(_ gc.Kind, cause string) bool { return cause == "G1 Humongous Allocation" }

// InspectionCause is of collections that a heap dump or a class histogram asks for.
func InspectionCause(_ gc.Kind, cause string) bool {
	return cause == "Heap Inspection Initiated GC" || cause == "Heap Dump Initiated GC"
}

// Ordinary is what only the size of the heap and the rate of allocation bring about.
func Ordinary(k gc.Kind, cause string) bool {
	return !ExplicitCause(k, cause) && !MetaspaceCause(k, cause) && !HumongousCause(k, cause) &&
		!InspectionCause(k, cause)
}
