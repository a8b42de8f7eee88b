package corpus

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/dialplan"
	"dialtone/plantest"
)

// site is one web server of this machine that stands for all those that a plan
// knows: it answers as the test says.
type site struct {
	*httptest.Server
	replies *plantest.Replies

	mu     sync.Mutex
	asked  map[string][]string // by call: requests of the step http
	posted map[string][]string // by call: webhooks
	change chan struct{}       // closed and replaced when a webhook came
}

// openSite opens the site of a test.
func openSite(t *try, replies *plantest.Replies) *site {
	s := &site{replies: replies, asked: map[string][]string{}, posted: map[string][]string{}, change: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.SetKeepAlivesEnabled(false) // so that a request which got no answer is not sent again by itself
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// detour is what leads requests to a site.
type detour struct {
	dialplan.Web
	site *site
}

// Fetch implements dialplan.Web.
func (d detour) Fetch(ctx context.Context, q dialplan.Request) (dialplan.Reply, error) {
	d.site.mu.Lock()
	d.site.asked[q.CallID] = append(d.site.asked[q.CallID], q.Method+" "+q.URL)
	d.site.mu.Unlock()
	q.URL = d.site.URL + "/?" + url.Values{"for": {q.URL}}.Encode()
	return d.Web.Fetch(ctx, q)
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hook, is := strings.CutPrefix(r.URL.Path, hooks); is {
		s.webhook(w, r, hook)
		return
	}
	a := s.replies.To(r.Method, r.URL.Query().Get("for"))
	if a == nil {
		panic(http.ErrAbortHandler)
	}
	select {
	case <-time.After(a.After):
	case <-r.Context().Done():
	}
	if a.Fails {
		panic(http.ErrAbortHandler)
	}
	reply := a.Reply()
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
}

// hooks is where webhooks are posted, with their names behind.
const hooks = "/webhook/"

func (s *site) webhook(w http.ResponseWriter, r *http.Request, name string) {
	var body struct {
		Event        string
		Call, Values map[string]string
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	text := "webhook " + name + " " + body.Event
	for _, key := range slices.Sorted(maps.Keys(body.Values)) {
		text += " " + key + "=" + body.Values[key]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call := body.Call["call_id"]
	s.posted[call] = append(s.posted[call], text)
	close(s.change)
	s.change = make(chan struct{})
}

// sent waits until as many webhooks have come of a call as are expected, and gives
// them; they are sent while the calls go on, in any order.
func (s *site) sent(ctx context.Context, call string, expected int) []string {
	for {
		s.mu.Lock()
		posted, change := slices.Clone(s.posted[call]), s.change
		s.mu.Unlock()
		if len(posted) >= expected {
			slices.Sort(posted)
			return posted
		}
		select {
		case <-change:
		case <-ctx.Done():
			return posted
		}
	}
}
