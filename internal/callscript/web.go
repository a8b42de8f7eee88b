package callscript

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// web is a web server that answers with the parts of a script whose names begin
// with web/, and keeps what it was asked.
type web struct {
	*httptest.Server
	parts map[string]string // by name, with its words

	mu    sync.Mutex
	asked []string // one text each: METHOD PATH, headers and body
}

// webMark stands for the address of the web server in configurations.
const webMark = "http://WEB"

func newWeb(files map[string]string) *web {
	w := &web{parts: map[string]string{}}
	for name, body := range files {
		if path, ok := strings.CutPrefix(name, "web"); ok && strings.HasPrefix(path, "/") {
			w.parts[path] = body
		}
	}
	w.Server = httptest.NewServer(w)
	return w
}

// ServeHTTP gives the part of the path: "-- web/slow after=5s status=503 --".
func (w *web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.URL.RequestURI())
	_ = r.Header.Write(&b)
	w.mu.Lock()
	w.asked = append(w.asked, b.String()+"\n"+string(body))
	w.mu.Unlock()
	for name, answer := range w.parts {
		words := strings.Fields(name)
		if words[0] != r.URL.Path {
			continue
		}
		status := http.StatusOK
		for _, word := range words[1:] {
			key, value, _ := strings.Cut(word, "=")
			switch key {
			case "after":
				d, _ := time.ParseDuration(value)
				hold(r.Context(), d)
			case "status":
				status, _ = strconv.Atoi(value)
			}
		}
		out.WriteHeader(status)
		_, _ = io.WriteString(out, answer)
		return
	}
	http.NotFound(out, r)
}

func hold(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// take gives a request that no line before has named, and whether there is one.
func (w *web) take(method, path, text string) (ok bool, seen string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, a := range w.asked {
		if strings.HasPrefix(a, method+" "+path+"\n") && strings.Contains(a, text) {
			w.asked = append(w.asked[:i:i], w.asked[i+1:]...)
			return true, ""
		}
	}
	return false, "it was asked:\n" + strings.Join(w.asked, "\n")
}

func webIsAsked(s *stage) {
	s.until(func() (bool, string) { return s.run.web.take(s.args["METHOD"], s.args["PATH"], s.args["TEXT"]) })
}
