package loss

import "strings"

// shortClass leaves the last part of a class's name.
func shortClass(class string) string {
	class = strings.TrimPrefix(class, "java.lang.Class for ")
	return class[strings.LastIndexByte(class, '.')+1:]
}
