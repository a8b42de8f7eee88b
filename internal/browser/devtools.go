package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// devTools is the protocol of Chromium.
type devTools struct{}

func (devTools) room(ctx context.Context, w *wire) (string, error) {
	var room struct {
		ID string `json:"browserContextId"`
	}
	err := w.ask(ctx, "", "Target.createBrowserContext", nil, &room)
	return room.ID, err
}

func (devTools) tab(ctx context.Context, w *wire, room string) (tab, string, error) {
	var target struct {
		ID string `json:"targetId"`
	}
	if err := w.ask(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": room}, &target); err != nil {
		return nil, "", err
	}
	var attached struct {
		Session string `json:"sessionId"`
	}
	if err := w.ask(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached); err != nil {
		return nil, "", err
	}
	t := &devToolsTab{w, attached.Session, target.ID}
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := t.ask(ctx, domain+".enable", nil, nil); err != nil {
			return nil, "", err
		}
	}
	return t, t.session, nil
}

// devToolsTab is a tab of Chromium.
type devToolsTab struct {
	wire            *wire
	session, target string
}

func (t *devToolsTab) ask(ctx context.Context, method string, params, out any) error {
	return t.wire.ask(ctx, t.session, method, params, out)
}

func (t *devToolsTab) evaluate(ctx context.Context, expression string) ([]byte, error) {
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *exception `json:"exceptionDetails"`
	}
	params := map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true}
	if err := t.ask(ctx, "Runtime.evaluate", params, &answer); err != nil {
		return nil, err
	}
	if answer.Exception != nil {
		return nil, answer.Exception
	}
	return answer.Result.Value, nil
}

// exception is what a script threw.
type exception struct {
	Text   string `json:"text"`
	Thrown struct {
		Description string `json:"description"`
	} `json:"exception"`
}

func (e *exception) Error() string { return strings.TrimSpace(e.Text + " " + e.Thrown.Description) }

func (t *devToolsTab) navigate(ctx context.Context, url string) (bool, error) {
	var went struct {
		ErrorText string `json:"errorText"`
		Loader    string `json:"loaderId"` // "" when the document stays
	}
	if err := t.ask(ctx, "Page.navigate", map[string]any{"url": url}, &went); err != nil {
		return false, err
	}
	if went.ErrorText != "" {
		return false, errors.New(went.ErrorText)
	}
	return went.Loader != "", nil
}

func (t *devToolsTab) reload(ctx context.Context) error { return t.ask(ctx, "Page.reload", nil, nil) }

func (t *devToolsTab) shut(ctx context.Context) error {
	return t.wire.ask(ctx, "", "Target.closeTarget", map[string]any{"targetId": t.target}, nil)
}

func (t *devToolsTab) before(ctx context.Context, script string) error {
	return t.ask(ctx, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script}, nil)
}

func (t *devToolsTab) click(ctx context.Context, x, y float64) error {
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		params := map[string]any{"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
		if err := t.ask(ctx, "Input.dispatchMouseEvent", params, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *devToolsTab) insert(ctx context.Context, text string) error {
	return t.ask(ctx, "Input.insertText", map[string]any{"text": text}, nil)
}

// keyNamed gives what a page is told of a key: what it is called, its number, and what it types.
func keyNamed(name string) (key string, code int, text string) {
	switch name {
	case "Enter":
		return name, 13, "\r"
	case "Space":
		return " ", 32, " "
	case "Escape":
		return name, 27, ""
	case "Tab":
		return name, 9, ""
	case "Delete":
		return name, 46, ""
	case "ArrowUp":
		return name, 38, ""
	case "ArrowDown":
		return name, 40, ""
	}
	if len(name) == 1 {
		return name, int(strings.ToUpper(name)[0]), name
	}
	return name, 0, ""
}

func (t *devToolsTab) press(ctx context.Context, name string) error {
	key, code, text := keyNamed(name)
	params := map[string]any{"type": "keyDown", "key": key, "windowsVirtualKeyCode": code}
	if text != "" {
		params["text"] = text
	}
	if err := t.ask(ctx, "Input.dispatchKeyEvent", params, nil); err != nil {
		return err
	}
	delete(params, "text")
	params["type"] = "keyUp"
	return t.ask(ctx, "Input.dispatchKeyEvent", params, nil)
}

func (t *devToolsTab) picture(ctx context.Context) ([]byte, error) {
	var shot struct{ Data []byte }
	err := t.ask(ctx, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data, err
}

func (t *devToolsTab) look(ctx context.Context, width, height int, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	size := map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}
	if err := t.ask(ctx, "Emulation.setDeviceMetricsOverride", size, nil); err != nil {
		return err
	}
	return t.ask(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// argument is one of console.error.
type argument struct {
	Value       any
	Description string // of what is no plain value
}

// String is what a developer reads of it.
func (a argument) String() string {
	if a.Description != "" {
		return a.Description
	}
	return fmt.Sprint(a.Value)
}

func (t *devToolsTab) event(m message) (complaint, request string) {
	var e struct {
		Details exception `json:"exceptionDetails"`
		Entry   struct{ Level, Text, URL string }
		Type    string
		Args    []argument
		Request struct{ URL string }
	}
	if json.Unmarshal(m.Params, &e) != nil {
		return "", ""
	}
	switch m.Method {
	case "Runtime.exceptionThrown":
		return e.Details.Error(), ""
	case "Log.entryAdded":
		if e.Entry.Level != "info" && e.Entry.Level != "verbose" {
			return e.Entry.Text + " " + e.Entry.URL, ""
		}
	case "Runtime.consoleAPICalled":
		if e.Type == "error" {
			return fmt.Sprint(e.Args), ""
		}
	case "Network.requestWillBeSent":
		return "", e.Request.URL
	}
	return "", ""
}
