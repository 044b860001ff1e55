// An API that only people who are signed in may ask. Tokens are checked here, with the tenant's public keys: no request waits for the tenant,
// and a session that was ended is accepted until its token expires.
//
//	HANKO_API_URL=https://auth.acme.example AUDIENCE=acme.example PORT=8080 go run .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// Claims of a session's token.
type Claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"session_id"`
	Email     *struct {
		Address string `json:"address"`
	} `json:"email"`
}

// Validate is called by the parser. The tenant signs tokens of other kinds, webhooks', with the same keys; only a session's names one.
func (claims Claims) Validate() error {
	if claims.SessionID == "" || claims.Subject == "" {
		return errors.New("not the token of a session")
	}
	return nil
}

func main() {
	// A key that is not known yet has the keys fetched again, but no more often than this: anybody can make up names of keys.
	keys, err := keyfunc.NewDefaultOverrideCtx(context.Background(), []string{os.Getenv("HANKO_API_URL") + "/.well-known/jwks.json"}, keyfunc.Override{
		HTTPTimeout:       5 * time.Second,
		RefreshInterval:   10 * time.Minute,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(30*time.Second), 1),
		RateLimitWaitMax:  time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(os.Getenv("AUDIENCE")), jwt.WithExpirationRequired())

	http.HandleFunc("GET /api/me", func(w http.ResponseWriter, r *http.Request) {
		claims := new(Claims)
		if _, err := parser.ParseWithClaims(tokenOf(r), claims, keys.KeyfuncCtx(r.Context())); err != nil {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "sign in first"})
			return
		}
		body := map[string]any{"user": claims.Subject}
		if claims.Email != nil {
			body["email"] = claims.Email.Address
		}
		answer(w, http.StatusOK, body)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

// tokenOf finds a request's token: a program sends it in a header, a browser in the cookie.
func tokenOf(r *http.Request) string {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if cookie, err := r.Cookie("hanko"); err == nil {
		return cookie.Value
	}
	return ""
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
