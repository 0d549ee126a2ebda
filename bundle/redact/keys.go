package redact

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// strength says how sure a key is.
type strength int

const (
	noKey     strength = iota
	hintKey            // the word has so many other uses that the value must look like a secret everywhere
	likelyKey          // likewise, but what a person chooses is believed too
	weakKey            // the word has other uses; in running text the value must look like a secret too
	sureKey            // whatever stands behind it is secret
	nameKey            // the value is a user name: never to be learned
)

// keyClass is what a key's ending says about its value.
type keyClass struct {
	ending   string // of the key in lower case without separators
	rule     string
	strength strength
	exact    bool // the whole last word, not just its end: for short endings
}

// keyClasses is the vocabulary; the first ending that fits wins. Endings, because the end of
// a compound names the thing: token.store is a store, store.token is a token.
var keyClasses = []keyClass{
	{"password", "password", sureKey, false},
	{"passwd", "password", sureKey, false},
	{"passphrase", "password", sureKey, false},
	{"passcode", "password", sureKey, false},
	{"passwort", "password", sureKey, false},
	{"kennwort", "password", sureKey, false},
	{"motdepasse", "password", sureKey, false},
	{"passe", "password", sureKey, true},
	{"contrasena", "password", sureKey, false},
	{"senha", "password", sureKey, false},
	{"heslo", "password", sureKey, false},
	{"haslo", "password", sureKey, false},
	{"wachtwoord", "password", sureKey, false},
	{"losenord", "password", sureKey, false},
	{"adgangskode", "password", sureKey, false},
	{"salasana", "password", sureKey, false},
	{"parola", "password", sureKey, true},
	{"parol", "password", sureKey, true},
	{"parool", "password", sureKey, true},
	{"sifre", "password", sureKey, true},
	{"jelszo", "password", sureKey, false},
	{"passord", "password", sureKey, false},
	{"sandi", "password", sureKey, true},
	{"matkhau", "password", sureKey, false},
	{"khau", "password", sureKey, true},
	{"lozinka", "password", sureKey, false},
	{"geslo", "password", sureKey, true},
	{"lykilord", "password", sureKey, false},
	{"slaptazodis", "password", sureKey, false},
	{"adgangsord", "password", sureKey, false},
	{"fjalekalim", "password", sureKey, false},
	{"kodeord", "password", sureKey, false},
	{"losen", "password", sureKey, true},
	{"zugangscode", "password", sureKey, false},
	{"toegangscode", "password", sureKey, false},
	{"losungswort", "password", sureKey, false},
	{"contrasenya", "password", sureKey, false},
	{"contrasinal", "password", sureKey, false},
	{"pasahitza", "password", sureKey, false},
	{"nenosiri", "password", sureKey, false},
	{"laluan", "password", sureKey, true},
	{"parole", "password", sureKey, true},
	{"clave", "password", likelyKey, true},
	{"geheimnis", "secret", sureKey, false},
	{"geheim", "secret", likelyKey, true},
	{"secreto", "secret", sureKey, false},
	{"segredo", "secret", sureKey, false},
	{"clesecrete", "secret", sureKey, false},
	{"pin", "password", sureKey, true},
	{"pincode", "password", sureKey, false},
	{"passkey", "password", sureKey, false},
	{"securityanswer", "password", sureKey, false},
	{"recoverykey", "api-key", sureKey, false},
	{"unlockkey", "api-key", sureKey, false},
	{"unsealkey", "api-key", sureKey, false},
	{"activationkey", "licence", sureKey, false},
	{"productkey", "licence", sureKey, false},
	{"recoverycode", "password", sureKey, false},
	{"backupcode", "password", sureKey, false},
	{"otpcode", "password", sureKey, false},
	{"hmac", "secret", likelyKey, true},
	{"psk", "password", sureKey, true},
	{"otp", "password", sureKey, true},
	{"totp", "password", sureKey, true},
	{"mnemonic", "secret", likelyKey, true},
	{"seed", "secret", likelyKey, true},
	{"seedphrase", "secret", sureKey, false},
	{"pat", "token", likelyKey, true},
	{"community", "password", likelyKey, true},
	{"auth", "token", likelyKey, true},
	{"authstring", "token", weakKey, false},
	{"jwk", "api-key", likelyKey, true},
	{"samlresponse", "token", sureKey, false},
	{"samlrequest", "token", sureKey, false},
	{"samlart", "token", sureKey, false},
	{"signaturevalue", "token", sureKey, false},
	{"codeverifier", "token", sureKey, false},
	{"devicecode", "token", sureKey, false},
	{"authorizationcode", "token", sureKey, false},
	{"authcode", "token", sureKey, false},
	{"oauthcode", "token", sureKey, false},
	{"passwords", "password", weakKey, false},
	{"psswrd", "password", sureKey, false},
	{"pswd", "password", sureKey, false},
	{"pwd", "password", sureKey, false},
	{"storepass", "password", sureKey, false},
	{"keypass", "password", sureKey, false},
	{"cleartext", "password", sureKey, false}, // WildFly's credential-reference
	{"pass", "password", weakKey, false},
	{"pw", "password", weakKey, true},
	{"bindpw", "password", sureKey, false},
	{"rootpw", "password", sureKey, false},
	{"dbpw", "password", sureKey, false},
	{"userpw", "password", sureKey, false},
	{"license", "licence", hintKey, true},
	{"licence", "licence", hintKey, true},
	{"salt", "secret", hintKey, true},
	{"licensekey", "licence", sureKey, false},
	{"licencekey", "licence", sureKey, false},
	{"licensemessage", "licence", sureKey, false},
	{"licencemessage", "licence", sureKey, false},
	{"licensecode", "licence", sureKey, false},
	{"licencecode", "licence", sureKey, false},
	{"licensestring", "licence", sureKey, false},
	{"licencestring", "licence", sureKey, false},
	{"licensehash", "licence", sureKey, false},
	{"secretkeybase", "secret", sureKey, false},
	{"sharedaccesssignature", "api-key", sureKey, false},
	{"amzsignature", "api-key", sureKey, false},
	{"amzcredential", "api-key", sureKey, false},
	{"apikey", "api-key", sureKey, false},
	{"accesskey", "api-key", sureKey, false},
	{"accesskeyid", "api-key", sureKey, false},
	{"secretkey", "api-key", sureKey, false},
	{"privatekey", "api-key", sureKey, false},
	{"privkey", "api-key", sureKey, false},
	{"accountkey", "api-key", sureKey, false},
	{"sharedkey", "api-key", sureKey, false},
	{"masterkey", "api-key", sureKey, false},
	{"encryptionkey", "api-key", sureKey, false},
	{"encryptkey", "api-key", sureKey, false},
	{"decryptionkey", "api-key", sureKey, false},
	{"signingkey", "api-key", sureKey, false},
	{"signaturekey", "api-key", sureKey, false},
	{"hmackey", "api-key", sureKey, false},
	{"cryptokey", "api-key", sureKey, false},
	{"authkey", "api-key", sureKey, false},
	{"storagekey", "api-key", sureKey, false},
	{"subscriptionkey", "api-key", sureKey, false},
	{"integrationkey", "api-key", sureKey, false},
	{"instrumentationkey", "api-key", sureKey, false},
	{"sshkey", "api-key", sureKey, false},
	{"aeskey", "api-key", sureKey, false},
	{"jwtkey", "api-key", sureKey, false},
	{"sendkey", "api-key", weakKey, false},
	{"tokenkey", "token", weakKey, false},
	{"tokenid", "token", weakKey, false},
	{"secret", "secret", sureKey, false},
	{"secrets", "secret", hintKey, false},
	{"secretid", "secret", sureKey, false},
	{"token", "token", weakKey, false},
	{"tokens", "token", weakKey, false},
	{"credential", "credential", sureKey, false},
	{"credentials", "credential", sureKey, false},
	{"creds", "credential", sureKey, false},
	{"cred", "credential", likelyKey, true},
	{"jsessionid", "cookie", sureKey, false},
	{"phpsessid", "cookie", sureKey, false},
	{"sessionid", "cookie", weakKey, false},
	{"rememberme", "cookie", weakKey, false},
	{"remembermecookie", "cookie", weakKey, false},
	{"sonarlogin", "token", sureKey, false},
	{"username", "", nameKey, false},
	{"user", "", nameKey, true},
	{"login", "", nameKey, true},
	{"principal", "", nameKey, true},
	{"userid", "", nameKey, false},
}

// believes reports whether a value may be what a key of this class promises, where the value stands as a whole.
func (c *keyClass) believes(v []byte) bool {
	switch c.strength {
	case hintKey:
		return !wordlike(v)
	case likelyKey:
		return !wordlike(v) || looksChosen(v) && !constantRE.Match(v) || isMnemonic(v)
	}
	return true
}

// constantRE is the name of a constant of a source.
var constantRE = regexp.MustCompile(`^(?:\w+\.)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$`)

// settingWords end the names of settings that stand next to a secret.
var settingWords = wordSet(`type kind mode host hosts hostname server port url uri endpoint path file store keystore location region zone provider driver dialect policy
	algorithm algo cipher encoder encoding format scheme method protocol version realm domain tenant scope scopes role roles group prefix suffix class
	classname bean ref alias label description comment issuer audience namespace engine mount backend source length strength level status state enabled`)

// implies reports whether a value that stands below a key of this class, next to settings, is the secret.
func (c *keyClass) implies(key, v []byte) bool {
	return isStrong(v) || c.rule != "cookie" && looksChosen(v) && !isSetting(key)
}

// inner is the class of what stands below a key or in its subscript: secrets may be their names, a member of it is one.
func (c *keyClass) inner() *keyClass {
	if c.strength == hintKey {
		return secretMember
	}
	return c
}

func isSetting(key []byte) bool {
	var buf [maxKey]byte
	var starts [maxKey]int
	norm, words := splitWords(key[max(0, len(key)-maxKey):], buf[:0], starts[:0])
	return len(words) > 0 && settingWords[string(norm[words[len(words)-1]:])]
}

// compoundKeys are names of several words, of which the last says nothing: by that word, in small letters without accents,
// what stands before it.
var compoundKeys = map[string][]string{
	"ordine": {"parola d'", "parola d "}, "accesso": {"codice di ", "codice d'", "parola di ", "chiave di ", "chiave d'"}, "chiave": {"parola "},
	"acceso": {"clave de ", "codigo de ", "palabra de ", "contrasena de "}, "acesso": {"senha de ", "codigo de ", "chave de "}, "chave": {"palavra "},
	"acces": {"code d'", "mot de passe d'", "cle d'"}, "passe": {"mots de ", "palavra "}, "dostepu": {"haslo ", "kod ", "klucz "},
}

// falseKeys end like a secret and are none.
var falseKeys = wordSet(`bypass compass encompass trespass overpass surpass underpass nexttoken pagetoken
	nextpagetoken continuationtoken synctoken csrftokenheader stoptoken unexpectedtoken badtoken invalidtoken
	cancellationtoken eostoken bostoken padtoken unktoken oldpwd imagepullsecret xdgsessionid`)

// trailers may follow the word that matters: password.value, token_2, secretHash.
var trailers = wordSet(`value values plain plaintext text encrypted enc encoded base64 b64 old new current
	confirm confirmation repeat again retype salt string raw hash md5 sha1 sha256 data default override primary secondary`)

const maxKey = 256 // bytes; longer keys are cut from the left, their end decides

// classify says what a key's value is. The result is nil when it is nothing special.
func classify(key []byte) *keyClass {
	if len(key) < 2 {
		return nil
	}
	if len(key) > maxKey {
		key = key[len(key)-maxKey:]
	}
	if key = bytes.TrimPrefix(key, []byte("-D")); len(key) < 2 {
		return nil
	}
	if slices.ContainsFunc(key, func(c byte) bool { return c >= utf8.RuneSelf }) {
		key = fold(key).text
		if len(key) < 2 {
			return nil
		}
		key = key[max(0, len(key)-maxKey):]
	}
	if string(key) == "PWD" || string(key) == "OLDPWD" {
		return nil // the shell's working directory
	}
	var buf [maxKey]byte
	var starts [maxKey]int // of the words in buf
	norm, words := splitWords(key, buf[:0], starts[:0])
	for len(words) > 1 && isTrailer(norm[words[len(words)-1]:]) && !bytes.HasSuffix(norm, []byte("cleartext")) && !bytes.HasSuffix(norm, []byte("signaturevalue")) {
		norm, words = norm[:words[len(words)-1]], words[:len(words)-1]
	}
	norm = bytes.TrimRight(norm, "0123456789")
	if len(words) == 0 || words[len(words)-1] >= len(norm) || falseKeys[string(norm)] || falseKeys[string(norm[words[len(words)-1]:])] {
		return nil
	}
	last := norm[words[len(words)-1]:]
	for i := range keyClasses {
		c := &keyClasses[i]
		if c.exact && string(last) == c.ending || !c.exact && len(norm) >= len(c.ending) && string(norm[len(norm)-len(c.ending):]) == c.ending {
			return c
		}
	}
	return nil
}

func isTrailer(word []byte) bool {
	return trailers[string(word)] || len(bytes.Trim(word, "0123456789")) == 0
}

// splitWords writes the letters and digits of key in lower case and notes where words
// start: after a separator, and at a capital behind a small letter.
func splitWords(key, norm []byte, starts []int) ([]byte, []int) {
	newWord := true
	var prev byte
	for _, c := range key {
		if !isLetter(c) && !isDigit(c) {
			newWord = true
			prev = c
			continue
		}
		upper := c >= 'A' && c <= 'Z'
		if upper && prev >= 'a' && prev <= 'z' {
			newWord = true
		}
		if newWord {
			starts = append(starts, len(norm))
			newWord = false
		}
		prev = c
		if upper {
			c |= 0x20
		}
		norm = append(norm, c)
	}
	return norm, starts
}

// IsSecretKey reports whether a configuration key names a secret, in any of the usual
// spellings: db.password, DB_PASSWORD, keyStorePass, api-key.
func IsSecretKey(key string) bool {
	c := classify([]byte(strings.TrimSpace(key)))
	return c != nil && c.strength != nameKey
}
