package redact

import (
	"bytes"
	"regexp"
	"strings"
)

// This file judges values by their look. How much a value must look like a secret depends on how sure its place is:
// after password= anything is one, after "the password is" it may be "required".

// looksGenerated reports whether a value looks like one that a generator made, with letters and digits in turn: it is
// believed wherever a name of a secret stands near.
func looksGenerated(v []byte) bool {
	return len(v) >= minGenerated && !wordlike(v) && !isEvidence(v) && !bytes.ContainsAny(v, "/\\=&")
}

const minGenerated = 8 // bytes

// looksChosen reports whether a value looks like one that a person chose, words and digits (hunter2, correct-horse42) or
// words with a sign in them (Tr@ubadour). Names of hosts, threads and versions look alike, so it is believed only where a
// sure name says that it is a secret.
func looksChosen(v []byte) bool {
	if len(v) < minLearned || isEvidence(v) || isPlainSetting(v) || !isPassable(v) {
		return false
	}
	letters, digits, signs := 0, 0, 0
	for i, c := range v {
		switch {
		case isLetter(c) || c >= 0x80:
			letters++
		case isDigit(c):
			digits++
		case bytes.IndexByte([]byte("@#$%^*!~+?"), c) >= 0 && i > 0 && i < len(v)-1 && !isVariable(v[i:]):
			signs++
		}
	}
	if letters == 0 || digits == 0 && signs == 0 {
		return false
	}
	return !technicalRE.Match(v) && !numberedRE.Match(v) && !placeRE.Match(v) && !isClassName(v)
}

// isPassable reports whether a value is none of what a language or a log puts after a name: a call, a declaration.
func isPassable(v []byte) bool {
	return !callRE.Match(v) && bytes.IndexByte(v, ' ') < 0 && bytes.IndexByte([]byte("$%&*.([{`"), v[0]) < 0
}

var callRE = regexp.MustCompile(`^[\w.$]+\(.*\)$`)

// isVariable reports whether text begins with the name of a variable.
func isVariable(v []byte) bool {
	return v[0] == '$' && (v[1] == '{' || v[1] == '(' || v[1] == '_' || v[1] >= 'A' && v[1] <= 'Z')
}

// isEvidence reports whether a value is an address, a number in hexadecimal, a marker or a placeholder.
func isEvidence(v []byte) bool {
	return isPlaceholder(v) || bytes.HasPrefix(v, []byte("0x")) || bytes.HasPrefix(v, []byte(markerStart[1:])) || isHexNumber(v)
}

func isHexNumber(v []byte) bool { return len(bytes.Trim(v, "0123456789abcdef-")) == 0 }

var (
	// technicalRE are terms of the field that have digits.
	technicalRE = regexp.MustCompile(`(?i)^(?:` + strings.Join([]string{
		`(?:utf|ucs|iso|cp|windows|latin|rfc|cve|sp|jsr|jep|ieee|fips)[-_ .]?\d[\d.-]*`, `x\.?509(?:v\d)?`, `(?:cram|digest)-md5|xoauth2|gs2-krb5`, `(?:u?int|float|char|n?varchar|nchar|raw|decimal|clob|binary)\d+(?:\(.*)?`,
		`base\d\d(?:-?url)?(?:[-_]?encoded)?`, `(?:hmac[-_]?(?:with)?)?(?:md\d|sha[-_]?\d+(?:/\d+)?|crc\d+|murmur\d)(?:[-_](?:hash|hashed|digest|rsa|crypt)\w*)?`,
		`(?:pbe|pbkdf|argon|scram|aes|des|3des|rsa|ecdsa|secp|chacha|blowfish|jks|pkcs#?|ntlmv?|kerberos|krb|spnego|digest)[-_]?\d+(?:[-_./]\w+)*`, `(?:ed|x|hs|rs|es|ps|p|rc)\d+`,
		`(?:pbewith|hmacwith|hmac-?|scram-sha-|sha)\w*`, `(?:oauth|oidc|saml|ldap|http|tls|ssl|smb|snmp|ipv?|java|jdk|jre|log4j|nio|netty|python|php|win|linux|amd|arm|mysql|postgres|pg|db|ec|v|ver|rev|r|gen)v?[-_ .]?\d+(?:[._]\d+)*`,
		`\d+(?:st|nd|rd|th|ms|s|m|h|d|kb|mb|gb|k|days?|hours?|minutes?|seconds?|weeks?|months?|years?|chars?|characters?|bytes?|bits?|times?)`, `\d{4}-\d\d-\d\d[t ][\d:.,z+-]+`, `(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)[-/. ]\d+.*`,
	}, "|") + `)$`)
	// numberedRE are things of which there are several: http-nio-8090-exec-12, node03, step-2.
	numberedRE = regexp.MustCompile(`(?i)(?:^|[-_.#/: ])(?:` + strings.Join(strings.Fields(numberedThings), "|") + `)[-_.#: ]?\d{1,3}$`)
	// placeRE are places: hosts, files with a line, frames.
	placeRE = regexp.MustCompile(`(?i)^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|de|fr|eu|uk|us|edu|gov|dev|app|cloud|local|localdomain|internal|lan|corp|intra|home|test|example|svc|cluster|java|kt|scala|groovy|go|py|js|ts|rb|xml|json|ya?ml|properties|conf|cfg|cnf|ini|txt|log|jar|war|class|sh|sql|html?|jsp|pem|jks|p12|pfx|key|crt|csv|zip|gz|tar)(?::\d+(?::\d+)?)?|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[a-z][a-z0-9-]*:\d{1,5})$`)
)

const numberedThings = `exec thread pool worker nio executor scheduler timer queue topic job task batch step phase stage attempt retry
	try round level tier node host server broker peer member instance replica shard partition segment slot bucket
	region zone rack cluster realm tenant domain vault store north south east west central northeast northwest
	southeast southwest user client account service app module plugin backend frontend proxy gateway lb vm pod
	line row column col field param parameter arg argument var value item entry element index key id no nr number
	page part chunk block section chapter table address phone email name attr version release build test case
	group set list request response session event message record file dir disk volume port channel connection conn
	socket stream buffer cache datasource db database code error err status state type mode option rule policy
	expired changed updated default sample note entity class object method lambda anon`

// isPhrase reports whether a value in quotes is a pass phrase: several words, none of which makes a sentence of them.
func isPhrase(v []byte) bool {
	words := bytes.Fields(v)
	if len(words) < 2 || len(words) > maxPhrase || len(v) < minPhrase {
		return false
	}
	for _, w := range words {
		if sentenceWords[string(bytes.ToLower(bytes.Trim(w, ".,:;!?")))] || bytes.ContainsAny(w, "\"`:=(){}<>[]/\\$|") {
			return false
		}
	}
	return true
}

const (
	maxPhrase = 24 // words: the longest mnemonic
	minPhrase = 10 // bytes
)

// isMnemonic reports whether a value is the words of a wallet's seed.
func isMnemonic(v []byte) bool { return len(bytes.Fields(v)) >= minMnemonic && isPhrase(v) }

const minMnemonic = 12 // words

// sentenceWords are what messages consist of.
var sentenceWords = wordSet(`a an the this that these those it its is are was were be been being am has have had do does did not no nor none never can cannot
	could may might must shall should will would and or but if then else when while until because so than as at by for from in into of off on onto out over
	to up via with within without about after before between during per your you my we our their his her please invalid valid wrong incorrect
	required optional missing empty blank expired changed set reset updated failed failure error warning denied granted accepted rejected allowed
	disabled enabled unknown unsupported supported found login user users name named names field fields value values type parameter property key keys policy length
	characters minimum maximum least most more less attempt attempts try again new old current default hidden protected redacted removed too short long weak strong
	der die das ist nicht kein und oder mit le la les est pas et ou el los no es y il non`)

func isNumber(b []byte) bool {
	return len(bytes.Trim(b, "0123456789.,+-")) == 0
}

// looksRandom tells a secret from a word: long enough and of mixed characters.
func looksRandom(b []byte) bool {
	if len(b) < 8 || bytes.IndexByte(b, ' ') >= 0 {
		return false
	}
	letters, digits := false, false
	for _, c := range b {
		letters = letters || isLetter(c)
		digits = digits || isDigit(c)
	}
	return letters && digits || len(b) >= 24
}

// isStrong reports whether a value of which nothing but its place says that it is secret looks like one.
func isStrong(v []byte) bool {
	return len(v) >= minLearned && !wordlike(v) && !isPlaceholder(v) && !isPlainSetting(v)
}

// wordlike reports whether a value consists of words and numbers, as the names of things do: http-nio-8090,
// CachedThreadPool, node01.example.com. Such a value may be somebody's password, but it stands in evidence for other
// reasons.
func wordlike(v []byte) bool {
	for len(v) > 0 {
		n, humps := 0, 0
		for n < len(v) && (isLetter(v[n]) || v[n] >= 0x80) {
			if n > 0 && v[n] >= 'A' && v[n] <= 'Z' && v[n-1] >= 'a' && v[n-1] <= 'z' {
				humps++
			}
			n++
		}
		if humps >= 3 && humps*5 > n { // letters that change their case as no words do
			return false
		}
		for n < len(v) && isDigit(v[n]) {
			n++
		}
		if n == 0 {
			if strings.IndexByte("._-:/ @$,#+()=?&", v[0]) < 0 {
				return false
			}
			v = v[1:]
			continue
		}
		if n < len(v) && isLetter(v[n]) { // letters after digits
			return false
		}
		v = v[n:]
	}
	return true
}
