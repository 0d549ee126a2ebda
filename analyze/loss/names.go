package loss

import "strings"

// Short leaves class and method of a Java function, package and function of a Go one.
func Short(fn string) string {
	if i := strings.LastIndexByte(fn, '/'); i >= 0 || strings.Contains(fn, "(*") {
		return fn[i+1:]
	}
	method := strings.LastIndexByte(fn, '.')
	if method < 0 {
		return fn
	}
	return fn[strings.LastIndexByte(fn[:method], '.')+1:]
}

// shortClass leaves the last part of a class's name.
func shortClass(class string) string {
	class = strings.TrimPrefix(class, "java.lang.Class for ")
	return class[strings.LastIndexByte(class, '.')+1:]
}
