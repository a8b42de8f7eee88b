package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
)

// SignatureHeader has the signature of a webhook's body.
const SignatureHeader = "Dialtone-Signature"

// Body is the JSON that a webhook is sent.
type Body struct {
	ID     string            `json:"id"` // of the message, the same in every try
	Event  string            `json:"event"`
	At     time.Time         `json:"at"`
	Call   map[string]string `json:"call"`
	Values map[string]string `json:"values"`
}

// Webhook implements dialplan.Outbox.
func (b *Outbox) Webhook(n dialplan.Notice) error {
	if _, known := b.config().Webhooks[n.Webhook]; !known {
		return fmt.Errorf("there is no webhook %q any more", n.Webhook)
	}
	body := Body{ID: strings.ToLower(rand.Text()), Event: n.Event, At: n.At, Call: n.Call, Values: n.Values}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return b.post(message{
		to: "webhook " + n.Webhook, id: body.ID, call: n.Call["call_id"],
		send: func(ctx context.Context) error {
			hook, known := b.config().Webhooks[n.Webhook] // as it is by then
			if !known {
				return final{errors.New("the webhook is not in the configuration any more")}
			}
			return b.tell(ctx, hook, raw)
		},
	})
}

// tell sends a body once.
func (b *Outbox) tell(ctx context.Context, hook config.Webhook, raw []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(raw))
	if err != nil {
		return final{err}
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Content-Type", "application/json")
	if hook.Secret != "" {
		req.Header.Set(SignatureHeader, Signature(hook.Secret.Reveal(), raw))
	}
	resp, err := b.client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // the URL can have a key in it
		}
		if errors.Is(err, dialplan.ErrFinal) {
			return final{err}
		}
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, dialplan.MaxReply)) // so that the connection can be used again
	// After 301, 302 and 303 the other address was asked without the body.
	if resp.Request.Method != http.MethodPost {
		return final{errors.New("it redirects to another address, which was asked without the message; write that address in the webhook")}
	}
	return judge(resp.StatusCode)
}

// judge says whether a status means that the message has arrived.
func judge(status int) error {
	err := fmt.Errorf("the status is %d %s", status, http.StatusText(status))
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return err
	}
	return final{err}
}

// Signature is the value of SignatureHeader: sha256= and the HMAC-SHA256 of the
// body in hexadecimal digits.
func Signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
