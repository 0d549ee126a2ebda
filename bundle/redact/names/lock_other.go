//go:build !unix

package names

// lock does nothing: only Linux captures; elsewhere one person redacts one bundle at a time.
func lock(string) (unlock func(), err error) { return func() {}, nil }
