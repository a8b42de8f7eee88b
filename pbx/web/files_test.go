package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// A file goes out packed to those who take that, under a name of its own.
func TestAFileIsPackedForWhoTakesIt(t *testing.T) {
	p, err := readPage(fstest.MapFS{"index.html": {Data: []byte(strings.Repeat("<p>Dialtone</p>", 200))}})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{} // by encoding
	for accept, want := range map[string]string{
		"":                            "",
		"br":                          "",
		"identity;q=1, *;q=0":         "",
		"gzip;q=0":                    "",
		"br, GZIP ; q=0.0":            "",
		"gzip;\tq=0":                  "",
		"gzip":                        "gzip",
		"deflate, gzip;q=0.5, br;q=1": "gzip",
		"gzip, deflate, br, zstd":     "gzip",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q gets %q, want %q", accept, got, want)
		}
		tags[want] = w.Header().Get("ETag")
	}
	if tags[""] == tags["gzip"] {
		t.Errorf("both have the ETag %s (RFC 9110 §8.8.3.3)", tags[""])
	}
}
