// Package page shows captures as pages of a server that listens on this machine only: a list with verdicts, the report of
// each, what changed between two, a search over findings. It changes nothing, and never shows a page that a capture brings
// along: reports are made anew.
//
// Who is let in: the address with the token lets one browser in, once. That browser has a cookie from then on, valid for a
// path that is as hard to guess; other users of the machine know neither. A cookie goes to every port of a host: on another
// port nobody knows the path it is for. Requests for other host names (DNS rebinding), from pages of other origins, and
// with methods that could change something are refused.
package page

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync"
)

// Guard lets in whoever has the token.
type Guard struct {
	hosts  []string // host:port, as browsers say them
	path   string   // below which all pages lie, with slashes
	cookie string   // its value

	mu    sync.Mutex
	token string // "" once it was used
}

const cookieName = "casefile"

// NewGuard makes the guard of a server on a port of this machine.
func NewGuard(port string) *Guard {
	g := &Guard{path: "/" + rand.Text() + "/", cookie: rand.Text(), token: rand.Text()}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		g.hosts = append(g.hosts, host+":"+port)
	}
	return g
}

// Address is where to begin. It works once.
func (g *Guard) Address() string { return "http://" + g.hosts[0] + "/?token=" + g.token }

// headers of every answer.
var headers = map[string]string{
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      policy,
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// Protect gives requests to pages that may have them; their path is what follows the guard's.
func (g *Guard) Protect(pages http.Handler) http.Handler {
	inside := http.StripPrefix(g.path[:len(g.path)-1], pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		switch {
		case !slices.Contains(g.hosts, r.Host):
			refuse(w, http.StatusMisdirectedRequest, "this server is called "+g.hosts[0])
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "there is nothing to change here")
		case !g.sameOrigin(r):
			refuse(w, http.StatusForbidden, "a page of another origin asks for this")
		case r.URL.Path == "/" && r.URL.Query().Has("token"):
			g.enter(w, r)
		case !g.admitted(r):
			refuse(w, http.StatusForbidden, "open the address that casefile serve has printed; it works once, for one browser")
		default:
			inside.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, code int, why string) { http.Error(w, "casefile: "+why, code) }

// sameOrigin reports whether a request comes from a page of this server, or from whoever typed or opened an address. Only the
// address with the token may be opened by a link.
func (g *Guard) sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// enter takes the token for a cookie. The browser goes on by itself and not by a redirect: of a redirect the browser thinks
// that it comes from where the address stood, and gives no strict cookie to it.
func (g *Guard) enter(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	given := r.URL.Query().Get("token")
	if g.token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(g.token)) != 1 {
		refuse(w, http.StatusForbidden, "the token is wrong or was used; start casefile serve anew")
		return
	}
	if r.Method != http.MethodGet {
		return
	}
	g.token = ""
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: g.cookie, Path: g.path, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Refresh", "0; url="+g.path)
	render(w, "casefile", enterPage(g.path))
}

func (g *Guard) admitted(r *http.Request) bool {
	if len(r.URL.Path) < len(g.path) || subtle.ConstantTimeCompare([]byte(r.URL.Path[:len(g.path)]), []byte(g.path)) != 1 {
		return false
	}
	for _, c := range r.CookiesNamed(cookieName) {
		if subtle.ConstantTimeCompare([]byte(c.Value), []byte(g.cookie)) == 1 {
			return true
		}
	}
	return false
}
