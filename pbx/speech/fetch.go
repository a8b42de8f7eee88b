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
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, j.fill(j.engine.URL, url.QueryEscape), strings.NewReader(j.text))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "text/plain; charset=utf-8")
	q.Header.Set("Content-Language", j.language)
	q.Header.Set("Accept", "audio/wav, audio/x-wav")
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
	data, err := io.ReadAll(io.LimitReader(r.Body, maxAudio+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxAudio:
		return nil, errTooLong
	}
	return data, nil
}
