package browser

import (
	"context"
	"testing"
)

// offline takes a page's network away, and that of the worker which keeps it.
func (p *Page) offline(on bool) {
	p.Ask("Network.emulateNetworkConditions", map[string]any{"offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
}

// allow lets a page do what its user would be asked for.
func (p *Page) allow(origin string, what ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var info struct {
		Target struct {
			Context string `json:"browserContextId"`
		} `json:"targetInfo"`
	}
	if err := p.tab.ask(ctx, "Target.getTargetInfo", nil, &info); err != nil {
		p.t.Fatal(err)
	}
	params := map[string]any{"permissions": what, "origin": origin, "browserContextId": info.Target.Context}
	if err := p.browser.ask(ctx, "", "Browser.grantPermissions", params, nil); err != nil {
		p.t.Fatal(err)
	}
}

func TestThePageCanBeInstalled(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	page.Wait(`navigator.serviceWorker.ready.then((r) => r.active.state === 'activated')`)
	page.Reload()
	page.See("text", "Ready")

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var manifest struct {
		URL    string
		Errors []struct{ Message string }
	}
	if err := page.tab.ask(ctx, "Page.getAppManifest", nil, &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Errors) > 0 || manifest.URL != "https://"+o.web+"/manifest.webmanifest" {
		t.Errorf("the manifest %s: %+v", manifest.URL, manifest.Errors)
	}
	var found struct {
		Errors []struct {
			ID string `json:"errorId"`
		} `json:"installabilityErrors"`
	}
	if err := page.tab.ask(ctx, "Page.getInstallabilityErrors", nil, &found); err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Errors {
		if e.ID != "in-incognito" { // every page of these tests is
			t.Errorf("it cannot be installed: %s", e.ID)
		}
	}
	var kept []string
	page.Eval(`caches.open('page').then((c) => c.keys()).then((all) => all.map((r) => new URL(r.url).pathname).filter((p) => /^\/(api|ws|files)/.test(p)))`, &kept)
	if len(kept) > 0 {
		t.Errorf("the browser keeps %q", kept)
	}
	o.quiet(page)

	if err := o.server.Quit(); err != nil { // the exchange is away
		t.Fatal(err)
	}
	page.Reload()
	page.See("heading", "The exchange cannot be reached")
	page.offline(true)
	page.Wait(`!navigator.onLine`)
	page.See("heading", "You are offline")
}

func TestLinksToNumbersFillTheField(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`location.hash = '#dial=' + encodeURIComponent('tel:1-0-1;phone-context=x')`, nil)
	page.Wait(`document.activeElement.value === '1-0-1'`)
	if n := phone.Waiting(); n != 0 {
		t.Error("a link calls by itself")
	}
	page.Press("Enter")
	phone.Next(ctx).Decline()
	page.Visit("https://" + o.web + "/#dial=sip%3A102%40dialtone")
	page.Wait(`document.activeElement.value === '102'`)
	o.quiet(page)
}

// tellOfNotifications says what decides whether there are any, when a test has failed.
func tellOfNotifications(page *Page) {
	if !page.t.Failed() {
		return
	}
	var known string
	page.Eval(`navigator.serviceWorker.getRegistrations().then(async (all) => JSON.stringify({
		permission: Notification.permission, focus: document.hasFocus(), visible: document.visibilityState,
		workers: all.map((r) => [r.active?.state, r.waiting?.state, r.installing?.state]),
		shown: (await Promise.all(all.map((r) => r.getNotifications()))).flat().map((n) => [n.title, n.requireInteraction, n.actions]),
	}))`, &known)
	page.t.Log(known)
}

func TestNotificationsOfCalls(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100", `document.hasFocus = () => false`)
	page.allow("https://"+o.web, "notifications", "audioCapture")
	page.Wait(`navigator.serviceWorker.ready.then((r) => r.active.state === 'activated')`)
	page.Reload()
	page.See("text", "Ready")
	const shown = `navigator.serviceWorker.ready.then((r) => r.getNotifications())`
	defer tellOfNotifications(page)
	call := phone.Dial(ctx, "100")
	page.Wait(shown + `.then(([n]) => n.title === 'Bruno Lefèvre' && n.actions.map((a) => a.action).join() === 'answer,decline' && n.requireInteraction)`)
	// A click on it comes to the page as the worker tells it.
	page.Eval(shown+`.then(([n]) => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { act: 'answer', ...n.data } })))`, nil)
	call.WaitAnswered(ctx)
	call.Hears(ctx, alice)
	page.Wait(shown + `.then((all) => all.length === 0)`)
	call.Hangup()
	call.WaitEnded(ctx)

	page.Eval(`location.hash = '#/settings'`, nil)
	page.Click("button", "Show a test notification")
	page.Wait(shown + `.then(([n]) => n.title === 'Dialtone')`)
	o.quiet(page)
}
