package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Subscription is a phone that is told of something (SUBSCRIBE).
type Subscription struct {
	Event   string    `json:"event"`             // dialog, presence, message-summary, reg or as-feature-event
	Of      string    `json:"of"`                // an extension, a slot, a conference or a list
	Members int       `json:"members,omitempty"` // of the list, when it is one
	By      string    `json:"by"`                // the extension that watches
	Phone   string    `json:"phone"`             // transport and address
	Expires time.Time `json:"expires"`
	Failed  int       `json:"failed,omitempty"` // NOTIFYs in a row that it did not answer
}

func (a *API) subscriptions(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := only(q, "number"); err != nil {
		return err
	}
	return answer(w, list(a.server.Subscriptions(q.Get("number"))))
}

// Subscriptions asks who watches what; number "" is all.
func (c *Client) Subscriptions(ctx context.Context, number string) (s []Subscription, err error) {
	path := "/v1/subscriptions"
	if number != "" {
		path += "?" + url.Values{"number": {number}}.Encode()
	}
	return s, c.do(ctx, "GET", path, nil, &s)
}
