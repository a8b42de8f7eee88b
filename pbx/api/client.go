package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"
)

// ErrNoServer says that nobody answers on the control socket.
var ErrNoServer = errors.New("no Dialtone is running")

// patience is how long a server may think about an answer.
const patience = 30 * time.Second

// Client asks a running server. Its methods are those of Server, over the
// control socket.
type Client struct {
	socket string
	http   http.Client
}

// NewClient makes a client for the control socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{socket: path, http: http.Client{Transport: &http.Transport{
		DialContext: dial, DisableKeepAlives: true, ResponseHeaderTimeout: patience,
	}}}
}

// patient is c for what takes as long as it takes.
func (c *Client) patient() *Client {
	own := &Client{socket: c.socket}
	if t, ok := c.http.Transport.(*http.Transport); ok {
		t = t.Clone()
		t.ResponseHeaderTimeout = 0
		own.http.Transport = t
	}
	return own
}

// Status asks how the server is.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.do(ctx, "GET", "/v1/status", nil, &s)
}

// Calls asks for the calls in progress.
func (c *Client) Calls(ctx context.Context) (calls []Call, err error) {
	return calls, c.do(ctx, "GET", "/v1/calls", nil, &calls)
}

// Hangup ends a call; the error is ErrNotFound when there is none with that id.
func (c *Client) Hangup(ctx context.Context, id string) error {
	return c.do(ctx, "DELETE", "/v1/calls/"+url.PathEscape(id), nil, nil)
}

// Quality has the audio of a call measured for d; the error is ErrNotFound when there
// is none with that id.
func (c *Client) Quality(ctx context.Context, id string, d time.Duration) (q []Quality, err error) {
	return q, c.do(ctx, "GET", "/v1/calls/"+url.PathEscape(id)+"/quality?for="+url.QueryEscape(d.String()), nil, &q)
}

// Registrations asks for the phones that can be called.
func (c *Client) Registrations(ctx context.Context) (r []Registration, err error) {
	return r, c.do(ctx, "GET", "/v1/registrations", nil, &r)
}

// Trunks asks for the lines to the outside.
func (c *Client) Trunks(ctx context.Context) (t []Trunk, err error) {
	return t, c.do(ctx, "GET", "/v1/trunks", nil, &t)
}

// Features asks for the numbers that Dialtone answers itself.
func (c *Client) Features(ctx context.Context) (f []Feature, err error) {
	return f, c.do(ctx, "GET", "/v1/features", nil, &f)
}

// Reload makes the server read its configuration again.
func (c *Client) Reload(ctx context.Context) (r ReloadResult, err error) {
	return r, c.do(ctx, "POST", "/v1/reload", nil, &r)
}

// Compare asks what the configuration in a file would change; "" is the file that
// the server was started with.
func (c *Client) Compare(ctx context.Context, file string) (r Comparison, err error) {
	return r, c.do(ctx, "POST", "/v1/compare", Compare{File: file}, &r)
}

// SetLogLevel changes how much the server logs.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	return c.do(ctx, "PUT", "/v1/log-level", LogLevel{Level: level}, nil)
}

// SetTrace turns the log of SIP messages on or off.
func (c *Client) SetTrace(ctx context.Context, on bool) error {
	return c.do(ctx, "PUT", "/v1/trace", Trace{On: on}, nil)
}

// CDRs calls yield for each record that the filter fits, newest first, until
// yield says false.
func (c *Client) CDRs(ctx context.Context, filter CDRFilter, yield func(CDR) bool) error {
	return readLines(ctx, c, "/v1/cdr?"+cdrQuery(filter).Encode(), yield)
}

// readLines reads what an answer says, a line each.
func readLines[T any](ctx context.Context, c *Client, path string, yield func(T) bool) error {
	answer, err := c.send(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	decoder := json.NewDecoder(answer.Body)
	for {
		var record T
		err := decoder.Decode(&record)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the server stopped in the middle of the records, its log says why: %w", err)
		}
		if !yield(record) {
			return nil
		}
	}
}

// save writes an answer to a file that must not exist.
func (c *Client) save(ctx context.Context, path, name string) error {
	answer, err := c.send(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(file, answer.Body)
	if end := file.Close(); err == nil {
		err = end
	}
	if err == nil && answer.ContentLength >= 0 && n != answer.ContentLength {
		err = fmt.Errorf("%d of %d bytes came", n, answer.ContentLength)
	}
	if err != nil {
		_ = os.Remove(name) // half of it would keep the next try from writing
	}
	return err
}

func cdrQuery(filter CDRFilter) url.Values {
	query := withinQuery(filter.Since, filter.Until, filter.Limit)
	if filter.ID != "" {
		query.Set("id", filter.ID)
	}
	if filter.Party != "" {
		query.Set("party", filter.Party)
	}
	if filter.Missed {
		query.Set("missed", "true")
	}
	return query
}

// withinQuery writes what within reads.
func withinQuery(since, until time.Time, limit int) url.Values {
	query := url.Values{}
	if !since.IsZero() {
		query.Set("since", since.Format(time.RFC3339Nano))
	}
	if !until.IsZero() {
		query.Set("until", until.Format(time.RFC3339Nano))
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return query
}

// do sends body, when there is one, and reads the answer into result, when one
// is wanted.
func (c *Client) do(ctx context.Context, method, path string, body, result any) error {
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(result); err != nil {
		return fmt.Errorf("the server's answer to %s %s cannot be read: %w", method, path, err)
	}
	return nil
}

// send gives an answer that is not an error; its body is the caller's to close.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://dialtone"+path, content)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	if answer.StatusCode < http.StatusBadRequest {
		return answer, nil
	}
	defer answer.Body.Close()
	failure := errorBody{}
	if err := json.NewDecoder(answer.Body).Decode(&failure); err != nil || failure.Error == nil {
		return nil, fmt.Errorf("the server answered %s to %s %s", answer.Status, method, path)
	}
	failure.Error.Status = answer.StatusCode
	return nil, failure.Error
}

// explain says in words what a failed connection means.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nobody answers on %s; start it, or name its data folder with --data", ErrNoServer, c.socket)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("not allowed to open %s: only the user that runs Dialtone may (try sudo)", c.socket)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if wrapped.Timeout() {
			return fmt.Errorf("the server at %s runs, but does not answer; its log may say why", c.socket)
		}
		err = wrapped.Err // without the made-up http://dialtone
	}
	return fmt.Errorf("asking the server at %s: %w", c.socket, err)
}
