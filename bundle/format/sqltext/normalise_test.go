package sqltext

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

const plenty = 4096

func TestNormalise(t *testing.T) {
	for _, c := range []struct {
		d         Dialect
		cut       bool
		from, are string
	}{
		{PostgreSQL, false, "SELECT * FROM orders WHERE id = 42", "SELECT * FROM orders WHERE id = ?"},
		{PostgreSQL, false, "select  a\n\t,b from t -- why\n where x='it''s'", "select a ,b from t where x=?"},
		{PostgreSQL, false, "UPDATE t SET a = $1, b = -$2 WHERE c IN (1, 2,3 , 4)", "UPDATE t SET a = ?, b = ? WHERE c IN (?)"},
		{PostgreSQL, false, "INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL),(3,'c',NULL)", "INSERT INTO t VALUES (?, NULL)"},
		{PostgreSQL, false, `SELECT "Weird ""col""" FROM "T" WHERE a = E'it\'s' AND b = 5`, `SELECT "Weird ""col""" FROM "T" WHERE a = ? AND b = ?`},
		{PostgreSQL, false, `SELECT U&'d\0061t' UESCAPE '!', U&"d\0061t", B'01', x'FF', N'n'`, `SELECT ?, U&"d\0061t", ?`},
		{PostgreSQL, false, "DO $$ begin perform 1; end $$", "DO ?"},
		{PostgreSQL, false, "SELECT $a$ it's $b$ $a$ || f(2.5e-3, .5, 0xFF, 1_000)", "SELECT ? || f(?)"},
		{PostgreSQL, false, "SELECT a$b$c FROM t", "SELECT a$b$c FROM t"},
		{PostgreSQL, false, "SELECT /* a /* nested */ 'x' */ 1", "SELECT ?"},
		{PostgreSQL, false, "SELECT DATE '2026-01-02', '{1,2}'::int[], ARRAY[1,2,-3]", "SELECT DATE ?::int[], ARRAY[?]"},
		{PostgreSQL, false, "SELECT E'a'\n  'b\\'c' , 1", "SELECT ?"},
		{PostgreSQL, false, `SELECT 'C:\' || a FROM t`, `SELECT ? || a FROM t`},
		{PostgreSQL, false, `SELECT 'it\'s' || a FROM t`, `SELECT ? || a FROM t`},
		{PostgreSQL, false, `SELECT a, 'x\' , 'y\' FROM t`, `SELECT a, ? FROM t`},
		{PostgreSQL, false, `SELECT a, 'x\' \' y' FROM t`, `SELECT a, ?…`},
		{PostgreSQL, true, `SELECT 'C:\' || a FRO`, `SELECT ?…`},
		{PostgreSQL, true, "SELECT a FROM t WHERE b = 'some te", "SELECT a FROM t WHERE b = ?…"},
		{PostgreSQL, true, "SELECT a FROM t WHE", "SELECT a FROM t WHE…"},
		{PostgreSQL, true, "SELECT a, $ta", "SELECT a, ?…"},
		{PostgreSQL, false, "SET app.tenant = acme", "SET app.tenant = ?"},
		{PostgreSQL, false, "SET search_path TO a, b; SELECT 1", "SET search_path TO ?…"},
		{PostgreSQL, false, "SET TRANSACTION READ ONLY", "SET TRANSACTION READ ONLY"},
		{PostgreSQL, false, "UPDATE t SET a = b WHERE c->>'k' = d", "UPDATE t SET a = b WHERE c->>? = d"},
		{PostgreSQL, false, "SELECT a - 5, a-5, (-5)", "SELECT a - ?, a-?, (?)"},
		{PostgreSQL, false, "", ""},
		{PostgreSQL, false, "SELECT 1; SELECT a; ;", "SELECT ?; SELECT a"},
		{MySQL, false, `SELECT "it's", 'a\'b', n'x', _utf8mb4'y', x'4D', 0x4D FROM t # end x`, `SELECT ? FROM t`},
		{MySQL, false, "SELECT a--1 FROM `t ``x` -- c", "SELECT a--? FROM `t ``x`"},
		{MySQL, false, "SELECT 'a' 'b', 3", "SELECT ?"},
		{MySQL, false, "SELECT a /*!40001 , 'b' */ FROM t", "SELECT a…"},
		{MySQL, false, "SELECT /* no /* nesting */ a FROM t", "SELECT a FROM t"},
		{MySQL, false, "SELECT * FROM `t` WHERE `a` IN (...) AND `b` = ?", "SELECT * FROM `t` WHERE `a` IN (...) AND `b` = ?"},
		{MySQL, false, "SET PASSWORD FOR 'a'@'b' = 'c'", "SET PASSWORD FOR ?@? = ?"},
		{MySQL, false, `SELECT * FROM t WHERE p = 'C:\\' AND q = 1`, `SELECT * FROM t WHERE p = ? AND q = ?`},
	} {
		if got := Normalise(c.from, c.d, c.cut, plenty); got != c.are {
			t.Errorf("%s\n  is   %s\n  want %s", c.from, got, c.are)
		}
	}
}

func TestLimit(t *testing.T) {
	got := Normalise("SELECT "+strings.Repeat("column_of_it, ", 1000)+"x", PostgreSQL, false, 100)
	if len(got) > 100+len(Ellipsis) || !strings.HasSuffix(got, Ellipsis) || !strings.HasPrefix(got, "SELECT column_of_it, ") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

// secret stands in each planted literal.
const secret = "Zq7Mallard"

// planted are literals in all the forms that the two dialects know, and neighbours that are hard to tell from them.
var planted = []struct {
	d    Dialect
	text string
}{
	{PostgreSQL, `'Zq7Mallard'`}, {PostgreSQL, `'it''s Zq7Mallard'`}, {PostgreSQL, `'''Zq7Mallard'''`}, {PostgreSQL, `'"Zq7Mallard"'`},
	{PostgreSQL, `'-- Zq7Mallard'`}, {PostgreSQL, `'/* ' || 'Zq7Mallard' || ' */'`}, {PostgreSQL, `'$$ Zq7Mallard'`}, {PostgreSQL, `'a; b; Zq7Mallard'`},
	{PostgreSQL, `E'it\'s Zq7Mallard'`}, {PostgreSQL, `e'\\' || 'Zq7Mallard'`}, {PostgreSQL, `E'\\\'Zq7Mallard\\'`}, {PostgreSQL, `E'a''b\'Zq7Mallard'`},
	{PostgreSQL, "E'a'\n'\\' Zq7Mallard'"}, {PostgreSQL, "'a' -- c'\n 'Zq7Mallard'"}, {PostgreSQL, "'a'\n\n'Zq7Mallard'"}, {PostgreSQL, "'line\nZq7Mallard\n'"},
	{PostgreSQL, `U&'\0041 Zq7Mallard'`}, {PostgreSQL, `u&'Zq7Mallard!0041' UESCAPE '!'`}, {PostgreSQL, `N'Zq7Mallard'`}, {PostgreSQL, `n'it''s Zq7Mallard'`},
	{PostgreSQL, `$$Zq7Mallard$$`}, {PostgreSQL, `$$it's Zq7Mallard$$`}, {PostgreSQL, `$t$ $$ Zq7Mallard $$ $t$`}, {PostgreSQL, `$T$ $t$ Zq7Mallard $t$ $T$`},
	{PostgreSQL, `$ümlaut$Zq7Mallard$ümlaut$`}, {PostgreSQL, `$_1$Zq7Mallard $1 $_1$`}, {PostgreSQL, "$a$\n-- '\nZq7Mallard\n$a$"},
	{PostgreSQL, `'{"password": "Zq7Mallard"}'::jsonb`}, {PostgreSQL, `'{"a": "it''s", "b": ["Zq7Mallard"]}'`}, {PostgreSQL, `'{Zq7Mallard,"b"}'::text[]`},
	{PostgreSQL, `ARRAY['a', 'Zq7Mallard', 'c']`}, {PostgreSQL, `ROW(1, 'Zq7Mallard')`}, {PostgreSQL, `/* Zq7Mallard */ 1`}, {PostgreSQL, `/* a /* b */ Zq7Mallard */ 1`},
	{PostgreSQL, "1 -- Zq7Mallard\n"}, {PostgreSQL, "1 --' Zq7Mallard\n"}, {PostgreSQL, `+--Zq7Mallard` + "\n 1"}, {PostgreSQL, `interval 'Zq7Mallard'`},
	{PostgreSQL, `DATE'Zq7Mallard'`}, {PostgreSQL, `xmlparse(CONTENT '<a>Zq7Mallard</a>')`}, {PostgreSQL, `b || 'C:\' || 'Zq7Mallard'`}, {PostgreSQL, `'it\'s Zq7Mallard'`},
	{PostgreSQL, `IN ('a', 'Zq7Mallard', 'c')`}, {PostgreSQL, `0x5A71Zq7Mallard`}, {PostgreSQL, `12Zq7Mallard`},
	{MySQL, `"Zq7Mallard"`}, {MySQL, `"it's Zq7Mallard"`}, {MySQL, `"a""Zq7Mallard"`}, {MySQL, `"a\"Zq7Mallard"`}, {MySQL, `'it\'s Zq7Mallard'`}, {MySQL, `'it''s Zq7Mallard'`},
	{MySQL, `'\\\'Zq7Mallard'`}, {MySQL, `'a' 'Zq7Mallard'`}, {MySQL, "'a'\n\"Zq7Mallard\""}, {MySQL, `_utf8mb4'Zq7Mallard'`}, {MySQL, `_latin1 "Zq7Mallard"`},
	{MySQL, `N'Zq7Mallard'`}, {MySQL, "1 # Zq7Mallard\n"}, {MySQL, "1 -- Zq7Mallard\n"}, {MySQL, "1 --\tit's Zq7Mallard\n"}, {MySQL, `/* Zq7Mallard */ 1`},
	{MySQL, `/*! 'Zq7Mallard' */ 1`}, {MySQL, `/*!50000 x '*/ Zq7Mallard' */`}, {MySQL, `/*M!100100 Zq7Mallard */ 1`}, {MySQL, `/*+ SET_VAR(a=Zq7Mallard) */ 1`},
	{MySQL, `JSON_OBJECT('k', 'Zq7Mallard')`}, {MySQL, `'$."Zq7Mallard"'`}, {MySQL, `$$Zq7Mallard$$`}, {MySQL, `@'Zq7Mallard'`}, {MySQL, `IN ("a","Zq7Mallard")`},
	{MySQL, `'C:\' , 'Zq7Mallard'`},
}

// No planted literal is left, whatever stands around it, and wherever the server cut the statement.
func TestPlanted(t *testing.T) {
	if len(planted) < 60 {
		t.Fatalf("%d literals", len(planted))
	}
	for _, p := range planted {
		statement := "SELECT a, " + p.text + " FROM orders WHERE b = " + p.text + " AND c = 'x'"
		if got := Normalise(statement, p.d, false, plenty); strings.Contains(got, secret) || !strings.HasPrefix(got, "SELECT a") {
			t.Errorf("%s\n  leaves %s", statement, got)
		}
		for end := range len(statement) {
			if got := Normalise(statement[:end], p.d, true, plenty); strings.Contains(got, secret[:3]) {
				t.Errorf("%s\n  leaves %s", statement[:end], got)
			}
		}
	}
	for _, set := range []string{"SET app.user = Zq7Mallard", "set local app.user to Zq7Mallard, x", "ALTER ROLE a SET b.c = Zq7Mallard"} {
		if got := Normalise(set, PostgreSQL, false, plenty); strings.Contains(got, secret) {
			t.Errorf("%s\n  leaves %s", set, got)
		}
	}
}

// forms write a text as a literal. escapes says how a session reads backslashes in plain strings that has such a
// literal: as one, or as itself; empty: in either way.
var forms = []struct {
	d       Dialect
	escapes string
	write   func(text string) (string, bool)
}{
	{PostgreSQL, "no", doubled("'")},
	{PostgreSQL, "yes", func(s string) (string, bool) { return backslashed("'", s), true }},
	{PostgreSQL, "", func(s string) (string, bool) { return "E" + backslashed("'", s), true }},
	{PostgreSQL, "", func(s string) (string, bool) { return "$t$" + s + "$t$", !strings.Contains(s+"$", "$t$") }},
	{PostgreSQL, "", func(s string) (string, bool) {
		return "/*" + s + "*/ 1", !strings.Contains(s+"*", "*/") && !strings.Contains("*"+s+"*", "/*")
	}},
	{PostgreSQL, "", func(s string) (string, bool) { return "1 --" + s + "\n", !strings.ContainsAny(s, "\r\n") }},
	{MySQL, "yes", func(s string) (string, bool) { return backslashed("'", s), true }},
	{MySQL, "yes", func(s string) (string, bool) { return backslashed(`"`, s), true }},
	{MySQL, "no", doubled("'")},
	{MySQL, "no", doubled(`"`)},
	{MySQL, "", func(s string) (string, bool) { return "/* " + s + "*/ 1", !strings.Contains(s+"*", "*/") }},
	{MySQL, "", func(s string) (string, bool) { return "1 # " + s + "\n", !strings.Contains(s, "\n") }},
}

func doubled(quote string) func(string) (string, bool) {
	return func(s string) (string, bool) { return quote + strings.ReplaceAll(s, quote, quote+quote) + quote, true }
}

func backslashed(quote, s string) string {
	return quote + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), quote, `\`+quote) + quote
}

// No part of a literal survives, whatever is in it, in a neighbour of any form, and cut off anywhere.
func FuzzNormalise(f *testing.F) {
	for _, p := range planted {
		before, after, _ := strings.Cut(p.text, secret)
		f.Add(before, after, uint8(len(before)), uint16(len(p.text)))
	}
	f.Add(`\`, `'`, uint8(3), uint16(9))
	f.Fuzz(func(t *testing.T, before, after string, kind uint8, end uint16) {
		form, other := forms[int(kind)%len(forms)], forms[int(kind/16)%len(forms)]
		one, fits := form.write(before + secret + after)
		two, fitsToo := other.write(after + secret + before)
		if !fits || !fitsToo || other.d != form.d || form.escapes+other.escapes == "yesno" || form.escapes+other.escapes == "noyes" {
			return
		}
		statement := fmt.Sprintf("SELECT %s, a FROM t WHERE b = %s AND c = %s", one, two, one)
		got := Normalise(statement, form.d, false, plenty)
		if strings.Contains(got, secret) || strings.Contains(got, "'") || !strings.HasPrefix(got, "SELECT ?") || !utf8.ValidString(got) {
			t.Errorf("%s\n  leaves %s", statement, got)
		}
		if again := Normalise(got, form.d, false, plenty); again != got {
			t.Errorf("%s\n  is not settled: %s", got, again)
		}
		half := statement[:int(end)%(len(statement)+1)]
		if got := Normalise(half, form.d, true, plenty); strings.Contains(got, secret[:3]) {
			t.Errorf("cut: %s\n  leaves %s", half, got)
		}
	})
}

// Any text at all is read to its end.
func FuzzText(f *testing.F) {
	for _, p := range planted {
		f.Add("SELECT "+p.text, true)
	}
	f.Add("((((((a),(a)),((a),(a)))", false)
	f.Fuzz(func(t *testing.T, text string, mysql bool) {
		d := PostgreSQL
		if mysql {
			d = MySQL
		}
		got := Normalise(text, d, false, 200)
		names := strings.ContainsAny(text, "\"`") // which may hold anything
		if len(got) > 200+3*len(Ellipsis) || !utf8.ValidString(got) || strings.Contains(got, "'") && !names {
			t.Errorf("%q gives %q", text, got)
		}
	})
}

func BenchmarkNormalise(b *testing.B) {
	statement := "SELECT o.id, o.state FROM orders o JOIN customers c ON c.id = o.customer WHERE c.name = 'it''s' AND o.id IN (" +
		strings.Repeat("4711, ", 200) + "1) -- why\n ORDER BY o.created DESC LIMIT 50"
	b.SetBytes(int64(len(statement)))
	for b.Loop() {
		Normalise(statement, PostgreSQL, false, plenty)
	}
}
