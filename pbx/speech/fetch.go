package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// newClient follows no redirect: a text goes where the configuration says.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 4
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// fetch asks the web server of a job.
func (s *Speech) fetch(ctx context.Context, j job) ([]byte, error) {
	return s.post(ctx, upload{
		url: j.fill(j.engine.URL, url.QueryEscape), kind: "text/plain; charset=utf-8", body: strings.NewReader(j.text),
		language: j.language, accept: "audio/wav, audio/x-wav", most: maxAudio,
	})
}

// upload is something for a web server to answer.
type upload struct {
	url, kind, language, accept string
	body                        io.Reader
	most                        int // bytes of the answer
}

// post asks a web server.
func (s *Speech) post(ctx context.Context, u upload) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url, u.body)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", u.kind)
	q.Header.Set("Content-Language", u.language)
	q.Header.Set("Accept", u.accept)
	r, err := s.client.Do(q)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the URL
		}
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s answered %s", q.URL.Host, r.Status)
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, int64(u.most)+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > u.most:
		return nil, tooMuch(u.most)
	}
	return data, nil
}
