package plan

import (
	"strings"
	"testing"
)

func TestDirectory(t *testing.T) {
	for text, want := range map[string]string{
		"ldap://ad.example.com":  "ad.example.com:389",
		"ldaps://ad.example.com": "ad.example.com:636",
		"ldap://10.0.0.1:3268/":  "10.0.0.1:3268",
		"ldaps://[fd00::1]":      "[fd00::1]:636",
		"ldap://":                "", "ad:389": "", "http://ad": "", "ldap://ad:0": "", "ldap://ad:99999": "", "ldap://-x": "", "ldap://$(id)": "",
		"ldap://cn=x:hunter2@ad": "", "ldap://ad/dc=example?uid?sub": "", "ldap://ad/dc=example": "", "ldap://ad#hunter2": "", "ldap://a b": "", "ldap://hunter2%zz": "",
	} {
		got, secure, err := Directory(text)
		if got != want || err == nil != (want != "") || err == nil && secure != strings.HasPrefix(text, "ldaps:") {
			t.Errorf("%s: %q %v %v", text, got, secure, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s is told with its secret: %v", text, err)
		}
	}
	if err := (&Probes{Directories: make([]string, MaxDirectories+1)}).Validate(); err == nil {
		t.Error("any number of directories")
	}
}
