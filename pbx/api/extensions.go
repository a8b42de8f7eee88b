package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Extension is an extension and what it has set for itself.
type Extension struct {
	Extension string `json:"extension"`
	Name      string `json:"name,omitempty"`
	// Settings are all of them by name, as ctl extension shows them.
	Settings map[string]string `json:"settings"`
	// RingBacks are the extensions that it waits for until they are free.
	RingBacks []string  `json:"ring_backs,omitempty"`
	Changed   time.Time `json:"changed,omitzero"`
}

// SettingValue is what a setting is to be.
type SettingValue struct {
	Value string `json:"value"`
}

// maxSetting is what a setting may hold, in bytes.
const maxSetting = 400

func exampleExtension() Extension {
	return Extension{Extension: "101", Name: "Anna", Settings: map[string]string{
		"dnd": "off", "forward": "off", "forward-busy": "voicemail", "forward-no-answer": "+491701234567 after 15s",
		"forward-not-registered": "off", "follow-me": "off", "call-waiting": "on", "hide-number": "off",
	}}
}

func (a *API) extensions(w http.ResponseWriter, r *http.Request) error {
	return answer(w, list(a.server.Extensions(r.URL.Query().Get("all") != "")))
}

func (a *API) extension(w http.ResponseWriter, r *http.Request) error {
	e, err := a.server.Extension(r.PathValue("extension"))
	if err != nil {
		return err
	}
	return answer(w, e)
}

func (a *API) setSetting(w http.ResponseWriter, r *http.Request) error {
	var body SettingValue
	if err := read(r, &body); err != nil {
		return err
	}
	if len(body.Value) > maxSetting {
		return invalid("value: %d bytes, it may have %d", len(body.Value), maxSetting)
	}
	e, err := a.server.SetSetting(r.PathValue("extension"), r.PathValue("setting"), body.Value)
	if err != nil {
		return err
	}
	return answer(w, e)
}

// Extensions asks for those that have set something, or with all for all.
func (c *Client) Extensions(ctx context.Context, all bool) (e []Extension, err error) {
	path := "/v1/extensions"
	if all {
		path += "?all=yes"
	}
	return e, c.do(ctx, "GET", path, nil, &e)
}

// Extension asks what an extension has set.
func (c *Client) Extension(ctx context.Context, extension string) (e Extension, err error) {
	return e, c.do(ctx, "GET", "/v1/extensions/"+url.PathEscape(extension), nil, &e)
}

// SetSetting sets something for an extension, and gives all that it has set then.
func (c *Client) SetSetting(ctx context.Context, extension, setting, value string) (e Extension, err error) {
	return e, c.do(ctx, "PUT", "/v1/extensions/"+url.PathEscape(extension)+"/settings/"+url.PathEscape(setting), SettingValue{value}, &e)
}
