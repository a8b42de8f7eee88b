package browser

import (
	"fmt"
	"testing"
)

const cards = "BEGIN:VCARD\\r\\nVERSION:3.0\\r\\nFN:Zo\u00eb B\u00e4cker\\r\\nORG:Backerei\\\\, Nord;x\\r\\nTEL;TYPE=WORK:+49 30 123456\\r\\nEMAIL:zoe@example.com\\r\\nEND:VCARD\\r\\n" +
	"BEGIN:VCARD\\nVERSION:2.1\\nN;ENCODING=QUOTED-PRINTABLE:Okafor;D=C3=A9d=C3=A9\\nTEL;CELL:0170 99\\nEND:VCARD\\n"

func TestContactsAreOnAllDevices(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	c := o.chromium(alice)
	phone := o.phone(ctx, "101")
	desktop, mobile := o.logIn(c, "100"), o.logIn(c, "100")
	mobile.Look(390, 844, true)
	mobile.Eval(`location.hash = '#/contacts'`, nil)

	desktop.Click("link", "Contacts")
	desktop.Click("link", "New contact")
	desktop.Fill("Name", "Atelier Nord")
	desktop.Fill("Number", "101") // is somebody's extension, so that it can be called here
	desktop.Click("button", "Save")
	desktop.See("heading", "Atelier Nord")
	mobile.See("listitem", "Atelier Nord")

	mobile.Eval(`[...document.querySelectorAll('a.who')].find((a) => a.innerText.includes('Atelier')).click()`, nil)
	mobile.Click("button", "Favourite")
	mobile.Wait(`document.querySelector('.star').ariaPressed === 'true'`)
	mobile.Click("button", "Call Atelier Nord")
	call := phone.Next(ctx)
	call.Decline()
	mobile.See("text", "Call declined")

	desktop.Click("link", "Contacts")
	desktop.See("listitem", "Favourites")
	desktop.Fill("Search contacts", "nord")
	desktop.Gone("listitem", "Chiara Rossi")
	desktop.See("listitem", "Atelier Nord")
	desktop.Fill("Search contacts", "")

	desktop.Click("link", "New contact")
	desktop.See("button", "Import vCard")
	desktop.Eval(fmt.Sprintf(`(() => {
		const field = document.querySelector('input[type=file]')
		const carried = new DataTransfer()
		carried.items.add(new File(["%s"], 'cards.vcf'))
		field.files = carried.files
		field.dispatchEvent(new Event('change', { bubbles: true }))
	})()`, cards), nil)
	desktop.See("text", "2 contacts were added.")
	var kept string
	desktop.Eval(`fetch('/api/phone/own').then((r) => r.json()).then((own) => own.contacts.slice(1).map((c) => [c.name, c.company, c.email, c.numbers].join(' / ')).join('; '))`, &kept)
	if want := "Zoë Bäcker / Backerei, Nord / zoe@example.com / +49 30 123456; Dédé Okafor /  /  / 0170 99"; kept != want {
		t.Errorf("from the file came %q, want %q", kept, want)
	}
	// Another browser that is logged in is no second tab: it has its phone, too.
	o.quiet(desktop)
	o.quiet(mobile)
}

func TestColleaguesSeeStatusAndPicture(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	c := o.chromium(alice)
	one, two := o.logIn(c, "100"), o.logIn(c, "101")
	two.Click("link", "Contacts")
	two.See("text", "100 · Available")

	one.Click("link", "Settings")
	one.Fill("Note for your colleagues", "In Lyon until Friday")
	one.Press("Tab")
	one.Click("switch", "I am away")
	two.See("text", "100 · Away · In Lyon until Friday")
	one.Wait(`document.querySelector(".state").innerText.includes("Away")`)
	one.Eval(`(async () => {
		const paper = new OffscreenCanvas(900, 600)
		const draw = paper.getContext('2d')
		draw.fillStyle = 'teal'
		draw.fillRect(0, 0, 900, 600)
		const carried = new DataTransfer()
		carried.items.add(new File([await paper.convertToBlob({ type: 'image/png' })], 'me.png', { type: 'image/png' }))
		const field = document.querySelector('input[type=file]')
		field.files = carried.files
		field.dispatchEvent(new Event('change', { bubbles: true }))
	})()`, nil)
	two.Wait(`document.querySelector('.avatar img')?.naturalWidth === 256`)
	one.Click("button", "Remove")
	two.Wait(`document.querySelector('.avatar img') === null`)
	one.Click("switch", "I am away")
	two.See("text", "100 · Available · In Lyon until Friday")
	o.quiet(one)
	o.quiet(two)
}
