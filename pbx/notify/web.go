package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"dialtone/dialplan"
)

// Web asks web servers. It implements dialplan.Web.
type Web struct{ client *http.Client }

// NewWeb returns a Web; Close it.
func NewWeb() *Web { return &Web{newClient()} }

// newClient is a client that follows no way to another host.
func newClient() *http.Client {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		MaxIdleConnsPerHost:    16,
		MaxConnsPerHost:        256,
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
	return &http.Client{Transport: transport, CheckRedirect: sameHost}
}

const maxRedirects = 5

var (
	errElsewhere = fmt.Errorf("it redirects to another host (%w)", dialplan.ErrFinal)
	errTooOften  = fmt.Errorf("it redirects again and again (%w)", dialplan.ErrFinal)
	errTooBig    = fmt.Errorf("the answer is longer than %d KiB (%w)", dialplan.MaxReply>>10, dialplan.ErrFinal)
)

func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case next.URL.Host != first.Host || next.URL.Scheme != first.Scheme:
		return errElsewhere
	case len(before) > maxRedirects:
		return errTooOften
	}
	return nil
}

// Fetch implements dialplan.Web.
func (w *Web) Fetch(ctx context.Context, q dialplan.Request) (dialplan.Reply, error) {
	var body io.Reader
	if q.Body != nil {
		body = bytes.NewReader(q.Body)
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, q.URL, body)
	if err != nil {
		return dialplan.Reply{}, errors.Join(err, dialplan.ErrFinal)
	}
	req.Header.Set("User-Agent", agent)
	for name, value := range q.Header {
		req.Header.Set(name, value)
	}
	l := q.Login
	switch {
	case l.Bearer != "":
		req.Header.Set("Authorization", "Bearer "+l.Bearer.Reveal())
	case l.User != "":
		req.SetBasicAuth(l.User, l.Password.Reveal())
	case l.Header != "":
		req.Header.Set(l.Header, l.Secret.Reveal())
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return dialplan.Reply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, dialplan.MaxReply+1))
	switch {
	case err != nil:
		return dialplan.Reply{}, err
	case len(data) > dialplan.MaxReply:
		return dialplan.Reply{}, errTooBig
	}
	return dialplan.Reply{Status: resp.StatusCode, Body: data}, nil
}

// agent is what we say that we are.
const agent = "Dialtone"

// Close lets go of connections that are not in use.
func (w *Web) Close() { w.client.CloseIdleConnections() }
