package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"dialtone/storage"
)

// Chat is what two have written to each other.
type Chat struct {
	Parties  [2]string `json:"parties"` // sorted
	Messages int       `json:"messages"`
	Waiting  int       `json:"waiting,omitempty"` // that no phone has yet
	Last     time.Time `json:"last"`
}

// ChatMessage is one message in writing. Body is there, in base64, when it is no text.
type ChatMessage struct {
	Text
	Content string `json:"text,omitempty"`
	State   string `json:"state"` // waits, delivered, refused, expired or told
}

// Text is a message in writing, as storage keeps it.
type Text = storage.Text

// ChatFilter picks messages in writing.
type ChatFilter = storage.TextFilter

// Receipt is the last word of a phone on a message.
type Receipt = storage.Receipt

func (a *API) chats(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := only(q, "party"); err != nil {
		return err
	}
	chats, err := a.server.Chats(q.Get("party"))
	if err != nil {
		return err
	}
	return answer(w, list(chats))
}

func (a *API) chatMessages(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := ChatFilter{Party: q.Get("party"), With: q.Get("with"), ID: q.Get("id")}
	if err := within(q, &f.Since, &f.Until, &f.Limit); err != nil {
		return err
	}
	if err := only(q, "since", "until", "party", "with", "id", "limit"); err != nil {
		return err
	}
	return a.stream(w, r, func(send func(any) bool) error {
		return a.server.ChatMessages(f, func(m ChatMessage) bool { return send(m) })
	})
}

// Chats asks who has written to whom; party "" is all.
func (c *Client) Chats(ctx context.Context, party string) (chats []Chat, err error) {
	path := "/v1/chats"
	if party != "" {
		path += "?" + url.Values{"party": {party}}.Encode()
	}
	return chats, c.do(ctx, "GET", path, nil, &chats)
}

// ChatMessages asks for messages in writing, newest first.
func (c *Client) ChatMessages(ctx context.Context, f ChatFilter, yield func(ChatMessage) bool) error {
	q := withinQuery(f.Since, f.Until, f.Limit)
	for name, value := range map[string]string{"party": f.Party, "with": f.With, "id": f.ID} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return readLines(ctx, c, "/v1/chats/messages?"+q.Encode(), yield)
}
