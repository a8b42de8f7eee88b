package browser

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// outcome is what a step of the check says.
func (p *Page) outcome(step int) (level, text string) {
	p.t.Helper()
	var got []string
	p.Eval(fmt.Sprintf(`((e) => [e.className.replace(/svelte-\S+/g, '').trim(), e.innerText])(document.querySelectorAll('main .screen li')[%d])`, step), &got)
	return got[0], got[1]
}

// The steps, in their order.
const (
	stepCertificate = iota
	stepWebSocket
	stepRegistration
	stepMicrophone
	stepPaths
	stepUDP
	stepTCP
	stepRelay
	stepEcho
	stepSpeaker
)

// examine does the whole check, and answers what only people know.
func (p *Page) examine() {
	p.t.Helper()
	p.See("heading", "Check my connection")
	p.Click("button", "Start the check")
	p.See("button", "I hear it")
	p.Click("button", "Play")
	p.Click("button", "I hear it")
	p.Gone("button", "I hear it")
}

func (p *Page) wants(step int, level, text string) string {
	p.t.Helper()
	gotLevel, got := p.outcome(step)
	if gotLevel != level || !strings.Contains(got, text) {
		p.t.Errorf("step %d is %s: %q, want %s and %q in it", step, gotLevel, got, level, text)
	}
	return got
}

var measured = regexp.MustCompile(`comes back after ([\d.,]+) ms, with ([\d.,]+) % lost`)

func TestTheCheckOfAHealthyConnection(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	page.Click("link", "Settings")
	page.Click("link", "Check my connection")
	page.examine()
	page.wants(stepCertificate, "ok", "trusts")
	page.wants(stepWebSocket, "ok", "answers in")
	page.wants(stepRegistration, "ok", "can be called")
	page.wants(stepMicrophone, "ok", "We hear you")
	page.wants(stepPaths, "ok", "of this computer")
	page.wants(stepUDP, "ok", "fastest way")
	page.wants(stepTCP, "ok", "where UDP is closed")
	if level, text := page.outcome(stepRelay); level == "problem" {
		t.Errorf("the relay is %s: %s", level, text)
	}
	text := page.wants(stepEcho, "ok", "comes back after")
	page.wants(stepSpeaker, "ok", "You hear the bell")
	page.See("text", "Everything that calls need works.")
	m := measured.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no delay was measured: %q", text)
	}
	// The buffer of a browser alone holds back some, and more where the machine is busy.
	if ms, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", "")); err != nil || ms < 10 || ms > 2000 {
		t.Errorf("a delay of %s ms on the loopback", m[1])
	}
	t.Logf("delay %s ms, loss %s %%", m[1], m[2])
	fits(page, "check")
	page.Eval(`navigator.clipboard.writeText = async (text) => { window.copied = text }`, nil)
	page.Click("button", "Copy the report")
	var report string
	page.Eval(`window.copied`, &report)
	for _, want := range []string{"Dialtone 127.0.0.1", ", 100,", "Chrome/", "echo.ok ms=", "speaker.ok"} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is not in the report:\n%s", want, report)
		}
	}
	page.Click("link", "Calls")
	page.See("text", "No calls yet") // the test calls are none
	o.quiet(page)
}

func TestTheCheckSaysThatTheMicrophoneIsDenied(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))`, nil)
	page.Eval(`location.hash = '#/check'`, nil)
	page.examine()
	page.wants(stepMicrophone, "problem", "does not allow the microphone")
	page.wants(stepMicrophone, "problem", "behind the sign to the left of the address")
	page.wants(stepEcho, "ok", "comes back after") // it needs no microphone
	page.See("text", "Something keeps calls from working.")
	page.Look(390, 844, false)
	page.keepPicture("check-denied-390")
}

// Without a sound card, Firefox waits for one.
func TestTheCheckSaysThatThereIsNoSoundCard(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`AudioContext.prototype.resume = () => new Promise(() => {})`, nil)
	page.Eval(`location.hash = '#/check'`, nil)
	page.examine()
	page.wants(stepUDP, "ok", "fastest way")
	page.wants(stepEcho, "problem", "no sound card")
}

func TestTheCheckSaysThatThereIsNoSoundForBrowsers(t *testing.T) {
	t.Parallel()
	o := openOfficeWith(t, "", "media:\n  webrtc_port: 0\n")
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`location.hash = '#/check'`, nil)
	page.examine()
	page.wants(stepUDP, "problem", "no sound for browsers")
	page.wants(stepUDP, "problem", "media.webrtc_port")
	page.wants(stepEcho, "problem", "No test call was possible")
	page.See("text", "Something keeps calls from working.")
}

// Before anybody is logged in, what can be tried is tried.
func TestTheCheckBeforeTheLogIn(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.chromium(alice).Open("https://" + o.web + "/")
	page.Click("link", "Check my connection")
	page.examine()
	page.wants(stepWebSocket, "ok", "answers in")
	page.wants(stepRegistration, "skipped", "Log in to try this")
	page.wants(stepEcho, "skipped", "Log in to try this")
	page.Click("link", "Back")
	page.See("button", "Log in")
	o.quiet(page)
}
