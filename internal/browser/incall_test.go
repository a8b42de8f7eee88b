package browser

import (
	"encoding/json"
	"strings"
	"testing"
)

// Two calls become one conference, in which all hear all; who made it mutes and removes
// others, and leaves them talking.
func TestCallsAreMerged(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone, third := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := o.logIn(o.chromium(alice), "100")

	one := inCall(ctx, phone, page, desk)
	two := third.Dial(ctx, "100")
	page.Click("button", "Hold and answer")
	two.WaitAnswered(ctx)
	two.Speak(bruno)
	two.Hears(ctx, alice)
	fits(page, "two")
	page.Click("button", "Talk all together")
	page.See("heading", "Conference")
	hearsOn(page)
	fits(page, "conference")
	page.Click("button", "Mute") // of several tones that are heard at once, none is pure
	one.Hears(ctx, bruno)
	two.Hears(ctx, desk)
	page.Click("button", "Mute Bruno Lefèvre")
	two.HearsNothing(ctx)
	page.Click("button", "Let Bruno Lefèvre speak")
	two.Hears(ctx, desk)
	one.Speak(0)
	two.Speak(0)
	page.Click("button", "Unmute")
	one.Hears(ctx, alice)
	two.Hears(ctx, alice)
	one.Speak(desk)
	two.Speak(bruno)
	page.Click("button", "Hang up")
	page.See("text", "Call ended")
	one.Hears(ctx, bruno)
	two.Hears(ctx, desk)
	one.Hangup()
	two.WaitEnded(ctx)
	page.Click("link", "Calls")
	page.See("listitem", "Conference")
	o.quiet(page)
}

// A call is recorded by a button: both are told first, and the page says so as long as it
// is, also when it is loaded again; not where the rules of the extension do not let it.
func TestACallIsRecordedByAButton(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", `  "103": {password: phone-103-key, name: "Dana Weiss", record: by_key}`)
	phone := o.phone(ctx, "101")
	page := willing(o.logIn(o.chromium(alice), "103"))
	call := phone.Dial(ctx, "103")
	page.Click("button", "Answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	page.See("text", "Encrypted as far as the exchange")
	page.See("text", "Good sound")
	page.Click("button", "Record")
	page.See("text", "Being recorded")
	fits(page, "recorded")
	page.Click("button", "Pause recording")
	page.See("text", "Recording paused")
	page.Reload()
	page.See("text", "Recording paused")
	page.Click("button", "Go on recording")
	page.See("text", "Being recorded")
	hears(page, desk)
	page.Click("button", "Stop recording")
	page.Gone("text", "Being recorded")
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)

	var made json.RawMessage
	if err := o.server.Ctl(ctx, &made, "recordings"); err != nil || strings.Count(string(made), `"announced"`) != 1 {
		t.Errorf("recordings: %s, %v", made, err)
	}

	o.quiet(page)
}
