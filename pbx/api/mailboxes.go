package api

import (
	"context"
	"net/http"
	"net/url"

	"dialtone/storage"
)

// Mailbox is how many messages an extension has.
type Mailbox struct {
	Mailbox string `json:"mailbox"`
	Name    string `json:"name,omitempty"`
	New     int    `json:"new"`
	Old     int    `json:"old"` // heard
	Urgent  int    `json:"urgent,omitempty"`
	Email   string `json:"email,omitempty"`
	Unsent  int    `json:"unsent,omitempty"` // messages that wait to be mailed
}

// Message is one message, as storage keeps it.
type Message = storage.Message

// MessageKey names one.
type MessageKey = storage.MessageKey

func (a *API) mailboxes(w http.ResponseWriter, _ *http.Request) error {
	boxes, err := a.server.Mailboxes()
	if err != nil {
		return err
	}
	return answer(w, list(boxes))
}

func (a *API) messages(w http.ResponseWriter, r *http.Request) error {
	messages, err := a.server.Messages(r.PathValue("mailbox"))
	if err != nil {
		return err
	}
	return answer(w, list(messages))
}

func (a *API) deleteMessage(w http.ResponseWriter, r *http.Request) error {
	if err := a.server.DeleteMessage(keyOf(r)); err != nil {
		return err
	}
	return done(w)
}

func (a *API) messageAudio(w http.ResponseWriter, r *http.Request) error {
	file, err := a.server.OpenMessage(keyOf(r))
	return a.send(w, r, "audio/wav", file, err)
}

func keyOf(r *http.Request) storage.MessageKey {
	return storage.MessageKey{Mailbox: r.PathValue("mailbox"), ID: r.PathValue("id")}
}

func messagePath(k storage.MessageKey) string {
	return "/v1/mailboxes/" + url.PathEscape(k.Mailbox) + "/messages/" + url.PathEscape(k.ID)
}

// Mailboxes asks which there are.
func (c *Client) Mailboxes(ctx context.Context) (m []Mailbox, err error) {
	return m, c.do(ctx, "GET", "/v1/mailboxes", nil, &m)
}

// Messages asks what is in a mailbox, oldest first; the error is ErrNotFound when there is
// no such mailbox.
func (c *Client) Messages(ctx context.Context, mailbox string) (m []Message, err error) {
	return m, c.do(ctx, "GET", "/v1/mailboxes/"+url.PathEscape(mailbox)+"/messages", nil, &m)
}

// DeleteMessage deletes a message; the error is ErrNotFound when it is not there.
func (c *Client) DeleteMessage(ctx context.Context, k storage.MessageKey) error {
	return c.do(ctx, "DELETE", messagePath(k), nil, nil)
}

// MessageAudio writes the audio of a message, a WAV file, to a file that must not exist.
func (c *Client) MessageAudio(ctx context.Context, k storage.MessageKey, path string) error {
	return c.save(ctx, messagePath(k)+"/audio", path)
}
