package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// trust are pages that say how to import the certificate of our authority. They need no
// script and no log-in: who reads them has a browser that does not trust us yet.
//
//go:embed trust
var trust embed.FS

func readTrust() (map[string]*template.Template, error) {
	pages := map[string]*template.Template{}
	for _, language := range []string{"en", "fr"} {
		page, err := template.ParseFS(trust, "trust/"+language+".html")
		if err != nil {
			return nil, fmt.Errorf("page of certificates: %w", err)
		}
		pages[language] = page
	}
	return pages, nil
}

// trustPage is GET /certificate, in the language that the browser likes best of ours.
func (s *Server) trustPage(w http.ResponseWriter, r *http.Request) {
	var out bytes.Buffer
	language := languageOf(r.Header.Get("Accept-Language"))
	if err := s.trust[language].Execute(&out, s.fingerprint(serverName(r))); err != nil {
		s.broken(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", language)
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(out.Bytes())
}

func (s *Server) trustStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, trust, "trust/style.css")
}

// languageOf is the first language of a list that we have; browsers put the one that
// people like best first.
func languageOf(accepted string) string {
	for tag := range strings.SplitSeq(accepted, ",") {
		switch primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-"); {
		case strings.HasPrefix(primary, "fr"):
			return "fr"
		case strings.HasPrefix(primary, "en"):
			return "en"
		}
	}
	return "en"
}

// fingerprint is that of our authority, as browsers show it; "" when what is shown for a
// name was signed by another.
func (s *Server) fingerprint(name string) string {
	a := s.certs.authority()
	if a == nil || s.certs.known(name) {
		return ""
	}
	text := fmt.Sprintf("% X", sha256.Sum256(a.certificate.Raw))
	return strings.ReplaceAll(text, " ", ":")
}

// caFile is the certificate of our authority, for browsers and phones to import.
func (s *Server) caFile(w http.ResponseWriter, r *http.Request) {
	a := s.certs.authority()
	if a == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="dialtone-ca.pem"`)
	_, _ = w.Write(a.pem)
}
