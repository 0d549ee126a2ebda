package redact

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"sync"
)

// shape is a token that is known by how it looks: a vendor's prefix, or a vendor's name as its key and as many
// characters of one alphabet as the vendor gives out.
type shape struct {
	name    string
	words   []string // in lower case; without one of them in the line the pattern does not match
	pattern string   // its first group that matched is the secret, without groups all of it
	entropy float64  // bits a character that the secret has at least
	allow   string   // a pattern of secrets that are examples
	stop    []string // words that make a secret an example
}

// ownShapes are those that gitleaks lacks, or ties to a longer form than vendors use.
var ownShapes = []shape{
	{name: "github", words: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"},
		pattern: `(?:\b|_)(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})`},
	{name: "gitlab", words: []string{"glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "glagent-", "gloas-", "glimt-"},
		pattern: `(?:\b|_)(gl(?:pat|dt|rt|ptt|cbt|soat|ft|agent|oas|imt)-[A-Za-z0-9_.-]{16,})`},
	{name: "slack", words: []string{"xox", "xapp-", "xwfp-"}, pattern: `(?:\b|_)(xox[abeoprscd](?:\.[a-z]+)?-[A-Za-z0-9-]{10,}|x(?:app|wfp)-[A-Za-z0-9-]{10,})`},
	{name: "atlassian", words: []string{"atatt3", "atctt3", "atbb", "atst"}, pattern: `(?:\b|_)(AT(?:ATT3|CTT3|BB|ST)[A-Za-z0-9_=-]{20,})`},
	{name: "stripe", words: []string{"_live_", "_test_", "whsec_"}, pattern: `(?:\b|_)((?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{16,})`},
	{name: "google", words: []string{"aiza", "ya29.", "gocspx-", "1//0"},
		pattern: `(?:\b|_)(AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|1//0[A-Za-z0-9_-]{30,})`},
	{name: "npm", words: []string{"npm_"}, pattern: `(?:\b|_)(npm_[A-Za-z0-9]{36})`},
	{name: "hugging-face", words: []string{"hf_"}, pattern: `(?:\b|_)(hf_[A-Za-z0-9]{30,})`},
	{name: "digitalocean", words: []string{"dop_v1_", "doo_v1_", "dor_v1_"}, pattern: `(?:\b|_)(do[opr]_v1_[a-f0-9]{64})`},
	{name: "sendgrid", words: []string{"sg."}, pattern: `\b(SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})`},
	{name: "vault", words: []string{"hvs.", "hvb.", "hvr."}, pattern: `\b(hv[bsr]\.[A-Za-z0-9_-]{20,})`},
	{name: "age", words: []string{"age-secret-key"}, pattern: `\b(AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50,})`},
	{name: "openai", words: []string{"sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-or-", "t3blbkfj"},
		pattern: `\b(sk-(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{16,}T3BlbkFJ[A-Za-z0-9]{16,})`},
	{name: "ai-services", words: []string{"xai-", "gsk_", "pplx-", "r8_", "sk-"},
		pattern: `\b((?:xai-|gsk_|pplx-|r8_)[A-Za-z0-9]{32,}|sk-[A-Za-z0-9]{32,})`, entropy: 3},
	{name: "pypi", words: []string{"pypi-"}, pattern: `\b(pypi-[A-Za-z0-9_-]{24,})`},
	{name: "grafana", words: []string{"glsa_", "glc_"}, pattern: `\b(glsa_[A-Za-z0-9]{20,}_[a-f0-9]{8}|glc_[A-Za-z0-9+/]{32,}={0,3})`},
	{name: "new-relic", words: []string{"nrak-", "nrii-", "nrjs-", "nral"}, pattern: `\b(NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9_-]{32}|NRJS-[a-f0-9]{19}|[a-f0-9]{36}NRAL)`},
	{name: "shopify", words: []string{"shpat_", "shpss_", "shpca_", "shppa_"}, pattern: `\b(shp(?:at|ss|ca|pa)_[a-fA-F0-9]{20,}[A-Za-z0-9]*)`},
	{name: "docker", words: []string{"dckr_pat_", "dckr_oat_"}, pattern: `\b(dckr_[po]at_[A-Za-z0-9_-]{20,})`},
	{name: "databricks", words: []string{"dapi"}, pattern: `\b(dapi[a-f0-9]{32}(?:-\d)?)`},
	{name: "telegram", words: []string{":aa"}, pattern: `(?:\b|bot)(\d{8,10}:AA[A-Za-z0-9_-]{32,33})(?:[^\w-]|$)`},
	{name: "twilio", words: []string{"sk0", "sk1", "sk2", "sk3", "sk4", "sk5", "sk6", "sk7", "sk8", "sk9", "ska", "skb", "skc", "skd", "ske", "skf"},
		pattern: `\b(SK[0-9a-f]{32})\b`},
	{name: "discord-webhook", words: []string{"/api/webhooks/"}, pattern: `/api/webhooks/(\d{10,}/[A-Za-z0-9_-]{30,})`},
	{name: "discord-bot", words: []string{"discord", "bot "}, pattern: `\b([MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})`},
	{name: "slack-webhook", words: []string{"hooks.slack"}, pattern: `hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Za-z0-9/]{20,})`},
	{name: "teams-webhook", words: []string{".webhook.office", "incomingwebhook"},
		pattern: `(?i)/(?:webhookb2/([\w@-]{36,}/IncomingWebhook/\w+/[\w-]+(?:/[\w-]+)?))`},
	{name: "google-chat-webhook", words: []string{"chat.googleapis"}, pattern: `chat\.googleapis\.com/v1/spaces/[\w-]+/messages\?([^\s"'<>]{20,})`},
	{name: "artifactory", words: []string{"akcp", "cmvmd"}, pattern: `\b(AKCp[A-Za-z0-9]{50,}|cmVmd[A-Za-z0-9]{50,})`},
	{name: "linear", words: []string{"lin_api_", "lin_oauth_", "lin_wh_"}, pattern: `\b(lin_(?:api|oauth|wh)_[A-Za-z0-9]{24,})`},
	{name: "figma", words: []string{"figd_", "figo_", "figoh_", "figor_", "figu_"}, pattern: `\b(fig(?:d|o|oh|or|u)_[A-Za-z0-9_-]{20,})`},
	{name: "square", words: []string{"sq0", "eaaa"}, pattern: `\b(sq0[a-z]{3}-[A-Za-z0-9_-]{20,}|EAAA[A-Za-z0-9_+=-]{50,})`},
	{name: "facebook", words: []string{"eaac", "eaam", "eaag"}, pattern: `\b(EAA[CMG][A-Za-z0-9]{50,})`},
	{name: "azure-client-secret", words: digitsBefore("q~"), pattern: `(?:^|[^\w~.-])([A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34})(?:[^\w~-]|$)`},
	{name: "azure-devops", words: []string{"azdo"}, pattern: `\b([A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})\b`},
	{name: "azure-key", words: []string{"+astt", "+amct", "acdbt", "acrr", "+asba", "+arm", "azfuq", "azseq"}, // keys that Microsoft marks, CommonAnnotatedSecurityKey
		pattern: `([A-Za-z0-9+/]{33,76}(?:\+(?:AStT?|AMCT?|ASbA?|ARm[A-Za-z0-9]?)|ACDbT?|ACRR?|AzFuQ?|AzSeQ?)[A-Za-z0-9+/]{4,10}={0,2})`},
	{name: "cas-ticket", words: []string{"st-", "tgt-", "pgt-", "pgtiou-", "pt-"},
		pattern: `(?:^|[^A-Za-z0-9-])((?:ST|TGT|PGT|PGTIOU|PT)-\d+-[A-Za-z0-9_-]{16,}[\w.-]*)`},
	{name: "oracle-cloud", words: []string{"ocid1."}, pattern: `\b(ocid1\.credential\.[\w.-]{20,})`},
	{name: "terraform", words: []string{".atlasv1."}, pattern: `\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,})`},
	{name: "tailscale", words: []string{"tskey-"}, pattern: `\b(tskey-[a-z]+-[A-Za-z0-9-]{16,})`},
	{name: "supabase", words: []string{"sbp_", "sb_secret_"}, pattern: `\b(sb(?:p|_secret)_[A-Za-z0-9_]{30,})`},
	{name: "vercel", words: []string{"vcp_", "vck_", "vercel_"}, pattern: `\b((?:vc[pk]|vercel(?:_[a-z]+)*)_[A-Za-z0-9]{24,})`},
	{name: "sonarqube", words: []string{"squ_", "sqp_", "sqa_"}, pattern: `\b(sq[upa]_[a-f0-9]{40})`},
	{name: "notion", words: []string{"ntn_", "secret_"}, pattern: `\b(ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})`},
	{name: "dynatrace", words: []string{"dt0"}, pattern: `\b(dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64})`},
	{name: "snyk", words: []string{"snyk_"}, pattern: `\b(snyk_[a-z]+_[A-Za-z0-9._-]{20,})`},
	{name: "pulumi", words: []string{"pul-"}, pattern: `\b(pul-[a-f0-9]{40})`},
	{name: "buildkite", words: []string{"bkua_"}, pattern: `\b(bkua_[a-f0-9]{40})`},
	{name: "circleci", words: []string{"ccipat_", "ccipprj_"}, pattern: `\b(CCIP(?:AT|RJ|PRJ)_[A-Za-z0-9]{20,}_[a-f0-9]{40})`},
	{name: "crates-io", words: []string{"cio"}, pattern: `\b(cio[A-Za-z0-9]{32})\b`, entropy: 3},
	{name: "mailgun", words: []string{"key-"}, pattern: `\b(key-[a-f0-9]{32})\b`},
	{name: "netlify", words: []string{"nfp_", "nfc_", "nfo_", "nfu_"}, pattern: `\b(nf[pcou]_[A-Za-z0-9]{36})\b`},
	{name: "sentry", words: []string{"sntrys_", "sntryu_"}, pattern: `\b(sntry[su]_[A-Za-z0-9+/=_]{40,})`},
	{name: "cloudflare", words: []string{"v1.0-"}, pattern: `\b(v1\.0-[a-f0-9]{24}-[a-f0-9]{146})`},
}

func digitsBefore(s string) (words []string) {
	for c := '0'; c <= '9'; c++ {
		words = append(words, string(c)+s)
	}
	return words
}

// tokenShapes are all, with what is made of them when a line first needs it.
var tokenShapes = func() []*tokenShape {
	var list []*tokenShape
	for _, shapes := range [][]shape{ownShapes, gitleaksShapes} {
		for _, s := range shapes {
			if s.name == "azure-ad-client-secret" {
				s.words = digitsBefore("q~")
			}
			list = append(list, newTokenShape(s))
		}
	}
	return list
}()

type tokenShape struct {
	shape
	re, allowed func() *regexp.Regexp
}

func newTokenShape(s shape) *tokenShape {
	t := &tokenShape{shape: s, re: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s.pattern) })}
	if s.allow != "" {
		t.allowed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s.allow) })
	}
	return t
}

var shapeWords = func() (words []string) {
	for _, s := range tokenShapes {
		words = append(words, s.words...)
	}
	return words
}()

// shapeIndex says which shapes a word of a line asks for.
var shapeIndex = sync.OnceValue(func() *wordIndex {
	var list []trigger
	for i, s := range tokenShapes {
		list = append(list, trigger{i, s.words})
	}
	return newWordIndex(list)
})

// vendorTokens finds the tokens whose shape is known.
func vendorTokens(line []byte, report func(found)) {
	if !hasToken(line) {
		return
	}
	var ids idSet
	shapeIndex().all(line, &ids)
	for i := range ids.each {
		tokenShapes[i].find(line, report)
	}
}

// hasToken reports whether a line holds a run of characters that may be a token: ten or more with a digit, or
// twenty-four. It costs less than one pattern.
func hasToken(line []byte) bool {
	start, digits := 0, false
	for i := 0; i <= len(line); i++ {
		if i < len(line) && tokenByte[line[i]] {
			digits = digits || isDigit(line[i])
			continue
		}
		if n := i - start; digits && n >= 10 || n >= 24 {
			return true
		}
		start, digits = i+1, false
	}
	return false
}

var tokenByte = func() (set [256]bool) {
	for c := range 256 {
		set[c] = isLetter(byte(c)) || isDigit(byte(c)) || c == '_' || c == '-'
	}
	return set
}()

func (t *tokenShape) find(line []byte, report func(found)) {
	for _, m := range t.re().FindAllSubmatchIndex(line, -1) {
		start, end := m[0], m[1]
		for g := 2; g+1 < len(m); g += 2 {
			if m[g] >= 0 && m[g] < m[g+1] {
				start, end = m[g], m[g+1]
				break
			}
		}
		if !t.example(line[start:end]) {
			report(secretAt(start, end, "vendor-token", true))
		}
	}
}

// example reports whether a match is no secret, by the rule set's own measures.
func (t *tokenShape) example(secret []byte) bool {
	if entropy(secret) <= t.entropy && t.entropy > 0 || t.allowed != nil && t.allowed().Match(secret) {
		return true
	}
	for _, word := range t.stop {
		if bytes.Contains(bytes.ToLower(secret), []byte(strings.ToLower(word))) {
			return true
		}
	}
	return false
}

// entropy is Shannon's, in bits a byte.
func entropy(b []byte) float64 {
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	sum := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(b))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
