// Package redact scrubs secrets out of evidence while it is written into a bundle.
//
// # What is scrubbed
//
// By rule (Rules lists them with an example each):
//
//   - values whose name says that they are secret (password, secret, token, API key, credential, licence key and their
//     many spellings, in thirty languages; also with colours, full-width letters or invisible characters in the name) in
//     command lines, logs, JSON, YAML, XML, .properties and environments, also where the name stands apart: in another
//     line, column or element, in an anchor or entity, after the value;
//   - what programs known for it take as an argument (mysql -pX), user:X after -u and its like, user:X@host, passwords in
//     URLs and JDBC URLs;
//   - tokens with a vendor's prefix or shape (the rule set of gitleaks and our own), JSON web tokens and keys, Atlassian
//     licences;
//   - Authorization and cookie headers, session ids, OAuth codes, SAML messages; dialogues of mail, FTP and Redis; SQL;
//   - private keys, also behind the prefix of a log, hashes of passwords, .pgpass, encrypted values;
//   - the user in the name of a request thread.
//
// By value: whatever a rule found on this node, or the caller learned from the live process, is replaced wherever it
// stands, also URL-encoded, escaped for XML, JSON or .properties, in numeric escapes, hexadecimal, the other case or
// backwards, in base64, in base64 of base64 or Base32, alone or inside a longer text, in ISO 8859-1, UTF-16 and UTF-32, and
// in binary files.
// A value is searched for in what follows; within one document also in what came before. So learn from the
// configuration first (Secrets.LearnText), then write. The set of values, at most MaxSecrets, stays in memory.
//
// In Flight Recorder recordings the rules look at the strings of all events and constants, and no variable of
// the environment keeps its value; in hsperfdata at all strings, in pprof profiles at labels, comments and names.
//
// A secret becomes [redacted:<rule>], or as many stars where lengths matter (hsperfdata, recordings, binary files). The
// output of a document is as readable by its tools as its input was. Lines in which nothing is found pass byte for byte.
//
// Text in UTF-16, with or without a byte order mark, also behind or before other text in one file, is scrubbed like the
// same text in UTF-8 and stays in its encoding (see bundle/format/charset). In UTF-32 lines and known values are scrubbed
// as in a log, whatever the kind of the document; a marker may stand there in UTF-16.
//
// # What is not scrubbed
//
//   - Personal data other than that user: host names, addresses, page titles, user names in logs.
//   - Secrets without a name, a place or a form of their own, unless they are known values: "logging in with hunter2".
//   - Ordinary words. Where something else than = or : parts a value from its name - a blank, dots, an arrow, brackets, a
//     column, a word ("is", "lautet", "from"), the end of the line - it must have letters and digits or a sign, and be no
//     technical term, host or numbered thing; a phrase of words stands in quotes there. After a name that has other uses
//     (token, code), or in a row of names (password, X), it must look like what a program makes. See value.go.
//   - What is cut off within a secret: of a thread's name the kernel keeps 15 bytes.
//   - Known values shorter than 6 bytes, or so common that their removal would destroy evidence (changeit,
//     confluence, numbers below 10 digits, names of classes and files, words that a text is full of). After their key
//     these are replaced too; Secrets.Common counts them.
//   - Known values of letters only, inside a longer identifier.
//   - What is packed: archives, compressed logs. In binary files, and in what of a recording is no chunk or larger
//     than MaxChunk, all but known values.
//   - Text in EBCDIC.
//   - Values of up to three digits, true, false, null, variables (${X}) and masks (***): they are no secrets.
//
// # How to check it
//
// Counts tells how often each rule replaced something. Scrubber.Check runs the same rules and values over a
// finished entry, and must find nothing. What cannot be made safe is refused with ErrUnreadable, not passed on.
//
// # How it works
//
// One automaton looks for the words without which no rule can match, one searcher for known values; only the
// lines in which one of them stops are looked at by the rules, which find spans of bytes. Documents are taken
// apart into their scalars, and the same search runs on each, without its escapes.
package redact
