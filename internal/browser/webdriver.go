package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// webDriver is the protocol of Firefox: WebDriver BiDi.
type webDriver struct{}

func (webDriver) room(ctx context.Context, w *wire) (string, error) {
	var room struct{ UserContext string }
	err := w.ask(ctx, "", "browser.createUserContext", nil, &room)
	return room.UserContext, err
}

// tab opens a window: of tabs in one window, Firefox slows down all that are not in front.
func (webDriver) tab(ctx context.Context, w *wire, room string) (tab, string, error) {
	var made struct{ Context string }
	err := w.ask(ctx, "", "browsingContext.create", map[string]any{"type": "window", "userContext": room}, &made)
	return &webDriverTab{w, made.Context}, made.Context, err
}

// webDriverTab is a tab of Firefox.
type webDriverTab struct {
	wire    *wire
	context string
}

func (t *webDriverTab) ask(ctx context.Context, method string, params, out any) error {
	return t.wire.ask(ctx, "", method, params, out)
}

func (t *webDriverTab) evaluate(ctx context.Context, expression string) ([]byte, error) {
	var answer struct {
		Result    remote
		Exception *struct{ Text string } `json:"exceptionDetails"`
	}
	params := map[string]any{
		"expression": expression, "awaitPromise": true, "userActivation": true,
		"target": map[string]string{"context": t.context},
	}
	if err := t.ask(ctx, "script.evaluate", params, &answer); err != nil {
		return nil, err
	}
	if answer.Exception != nil {
		return nil, errors.New(answer.Exception.Text)
	}
	return json.Marshal(answer.Result)
}

// remote is a value of a page: {"type": "object", "value": [["key", {...}], ...]}.
type remote struct {
	Type  string
	Value json.RawMessage
}

// MarshalJSON writes it as a page would.
func (r remote) MarshalJSON() ([]byte, error) {
	switch r.Type {
	case "array":
		var all []remote
		if err := json.Unmarshal(r.Value, &all); err != nil {
			return nil, err
		}
		return json.Marshal(all)
	case "object":
		var pairs [][2]json.RawMessage
		if err := json.Unmarshal(r.Value, &pairs); err != nil {
			return nil, err
		}
		all := map[string]remote{}
		for _, pair := range pairs {
			var key string
			var value remote
			if err := errors.Join(json.Unmarshal(pair[0], &key), json.Unmarshal(pair[1], &value)); err != nil {
				return nil, err
			}
			all[key] = value
		}
		return json.Marshal(all)
	case "string", "number", "boolean":
		return r.Value, nil
	}
	return []byte("null"), nil
}

// about are parameters of a command for this tab.
func (t *webDriverTab) about(more map[string]any) map[string]any {
	all := map[string]any{"context": t.context}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// navigate waits until the page is there: Firefox 140 never answers a question to a document
// that goes away meanwhile.
func (t *webDriverTab) navigate(ctx context.Context, url string) (bool, error) {
	return url != "about:blank", t.ask(ctx, "browsingContext.navigate", t.about(map[string]any{"url": url, "wait": "complete"}), nil)
}

func (t *webDriverTab) reload(ctx context.Context) error {
	return t.ask(ctx, "browsingContext.reload", t.about(map[string]any{"wait": "complete"}), nil)
}

func (t *webDriverTab) shut(ctx context.Context) error {
	return t.ask(ctx, "browsingContext.close", t.about(nil), nil)
}

func (t *webDriverTab) before(ctx context.Context, script string) error {
	// On its way to a page, a tab has an empty one of nobody, which may not keep anything.
	script = "() => { if (window.origin !== 'null') {" + script + "\n} }"
	params := map[string]any{"functionDeclaration": script, "contexts": []string{t.context}}
	return t.ask(ctx, "script.addPreloadScript", params, nil)
}

// act does something with the mouse or the keyboard.
func (t *webDriverTab) act(ctx context.Context, device string, actions ...map[string]any) error {
	source := []map[string]any{{"type": device, "id": device, "actions": actions}}
	return t.ask(ctx, "input.performActions", t.about(map[string]any{"actions": source}), nil)
}

func (t *webDriverTab) click(ctx context.Context, x, y float64) error {
	return t.act(ctx, "pointer",
		map[string]any{"type": "pointerMove", "x": int(x), "y": int(y)},
		map[string]any{"type": "pointerDown", "button": 0},
		map[string]any{"type": "pointerUp", "button": 0})
}

func (t *webDriverTab) insert(ctx context.Context, text string) error {
	for _, letter := range text {
		if err := t.press(ctx, string(letter)); err != nil {
			return err
		}
	}
	return nil
}

// sign is what stands for a key: itself for a letter.
func sign(key string) string {
	switch key {
	case "Enter":
		return "\uE007"
	case "Space":
		return " "
	case "Escape":
		return "\uE00C"
	case "Tab":
		return "\uE004"
	case "Delete":
		return "\uE017"
	case "ArrowUp":
		return "\uE013"
	case "ArrowDown":
		return "\uE015"
	}
	return key
}

func (t *webDriverTab) press(ctx context.Context, key string) error {
	key = sign(key)
	return t.act(ctx, "key", map[string]any{"type": "keyDown", "value": key}, map[string]any{"type": "keyUp", "value": key})
}

func (t *webDriverTab) picture(ctx context.Context) ([]byte, error) {
	var shot struct{ Data []byte }
	err := t.ask(ctx, "browsingContext.captureScreenshot", t.about(nil), &shot)
	return shot.Data, err
}

// look cannot have the page be dark: that is for the whole of a Firefox.
func (t *webDriverTab) look(ctx context.Context, width, height int, dark bool) error {
	if dark {
		return errors.New("pages of Firefox are light")
	}
	return t.ask(ctx, "browsingContext.setViewport", t.about(map[string]any{"viewport": map[string]int{"width": width, "height": height}}), nil)
}

func (t *webDriverTab) event(m message) (complaint, request string) {
	var e struct {
		Level, Type, Text, ErrorText string
		Request                      struct{ URL string }
		Response                     struct{ Status int }
	}
	if json.Unmarshal(m.Params, &e) != nil {
		return "", ""
	}
	switch m.Method {
	case "log.entryAdded": // of Firefox itself, unless the page wrote it
		if e.Level == "error" || e.Level == "warn" && e.Type == "javascript" {
			return e.Text, ""
		}
	case "network.responseCompleted":
		if e.Response.Status >= 400 {
			return fmt.Sprintf("it could not be loaded: %d %s", e.Response.Status, e.Request.URL), ""
		}
	case "network.fetchError":
		if e.ErrorText != "NS_BINDING_ABORTED" { // by the page, or because it was left
			return fmt.Sprintf("it could not be loaded: %s %s", e.ErrorText, e.Request.URL), ""
		}
	case "network.beforeRequestSent":
		return "", e.Request.URL
	}
	return "", ""
}
