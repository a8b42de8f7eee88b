package api

import (
	"context"
	"net/http"
	"time"
)

// Check is what somebody needs to find out from outside whether a server can be used.
type Check struct {
	// Username and Password are those of a caller for a few minutes, who can reach Target
	// only, where a phone hears itself.
	Username string    `json:"username"`
	Password string    `json:"password"`
	Domain   string    `json:"domain"`
	Target   string    `json:"target"`
	Expires  time.Time `json:"expires"`
	// Web is where browsers find the web phone, host:port; empty when it is off, or when
	// nothing of it could be bound.
	Web []string `json:"web"`
	// Name is web.name.
	Name        string      `json:"name,omitempty"`
	Certificate Certificate `json:"certificate"`
	// ICE are the servers of STUN and TURN that browsers are given, with credentials.
	ICE []ICEServer `json:"ice,omitempty"`
}

// Certificate is what browsers are shown.
type Certificate struct {
	// Source is "own" (by our own authority), "file" or "acme".
	Source string    `json:"source"`
	Until  time.Time `json:"until,omitzero"`
	// Asked says that a public authority is asked for one, by web.acme.
	Asked bool `json:"asked,omitempty"`
	// Why there is none by that authority, what to do about it, and when it is asked again.
	Why  string    `json:"why,omitempty"`
	Do   string    `json:"do,omitempty"`
	Next time.Time `json:"next,omitzero"`
}

// ICEServer is one of STUN or TURN, as browsers want it.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

func (a *API) check(w http.ResponseWriter, _ *http.Request) error {
	c := a.server.Check()
	c.Web = list(c.Web)
	return answer(w, c)
}

// Check asks for what is needed to try a server out.
func (c *Client) Check(ctx context.Context) (k Check, err error) {
	return k, c.do(ctx, "POST", "/v1/check", nil, &k)
}

func exampleCheck() Check {
	return Check{
		Username: "~check~1794852900", Password: "zX0v…", Domain: "dialtone", Target: "~echo", Expires: exampleStart().Add(3 * time.Minute),
		Web: []string{"[::]:8443"}, Name: "pbx.example.com", Certificate: Certificate{Source: "acme", Until: exampleStart().AddDate(0, 0, 60), Asked: true},
	}
}
