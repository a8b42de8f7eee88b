package browser

import (
	"testing"

	"dialtone/internal/testphone"
)

const menu = `menus:
  main:
    greeting: menu/welcome
    choices: menu/choose
    keys:
      "1": {dial: "101"}
      "2": {menu: service}
  service:
    greeting: menu/one-moment
    keys:
      "#": {dial: "102"}
dialplan:
  phones:
    - {name: menu, to: 200, do: [{menu: main}]}
`

// TestAMenuIsUsedFromThePage presses keys while the menu speaks: each counts once, in the
// menu that it is meant for.
func TestAMenuIsUsedFromThePage(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", menu)
	first, second := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := o.logIn(o.chromium(alice), "100")
	for _, c := range []struct {
		keys  string
		phone *testphone.Phone
	}{{"1", first}, {"2#", second}} {
		page.Fill("Name or number", "200")
		page.Press("Enter")
		page.See("button", "Hang up")
		hearsOn(page) // the menu
		page.Click("button", "Keypad")
		for _, key := range c.keys {
			page.Click("button", string(key))
		}
		call := takes(ctx, c.phone, desk)
		call.Hears(ctx, alice)
		hears(page, desk)
		call.Hangup()
		page.See("text", "Call ended")
		page.Gone("button", "Hang up")
	}
	if n := first.Waiting() + second.Waiting(); n != 0 {
		t.Errorf("%d more calls came: a key counted twice", n)
	}
	o.quiet(page)
}
