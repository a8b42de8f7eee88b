package browser

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/internal/testclamd"
)

// files gives a page what a user has on his disk: window.photo is a picture of 800 by 600,
// window.give puts files into the field for them.
const givesFiles = `
	window.photo = (color) => {
		const paper = new OffscreenCanvas(800, 600)
		const draw = paper.getContext('2d')
		draw.fillStyle = color
		draw.fillRect(0, 0, 800, 600)
		return paper.convertToBlob({ type: 'image/png' }).then((b) => new File([b], color + '.png', { type: 'image/png' }))
	}
	window.give = (...files) => {
		const field = document.querySelector('form input[type=file]')
		const carried = new DataTransfer()
		for (const file of files) carried.items.add(file)
		field.files = carried.files
		field.dispatchEvent(new Event('change', { bubbles: true }))
	}`

func TestFilesAreSentAndSeen(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	daemon := testclamd.Start(t, "unix", filepath.Join(t.TempDir(), "clamd.ctl"))
	o := openOfficeWith(t, "  clamd: "+daemon.Address+"\n  files: {max_size: 2MB}", "")
	c := o.chromium(alice)
	phone := o.phone(ctx, "101")
	one, two, third := o.logIn(c, "100", givesFiles), o.logIn(c, "101"), o.logIn(c, "102")

	one.Eval(`location.hash = '#/messages/101'`, nil)
	one.See("textbox", "Message")
	one.Eval(`window.photo('teal').then(window.give)`, nil)
	one.See("button", "Show teal.png")
	one.See("text", "Delivered")
	text := phone.WaitTexts(ctx, 1)[0].Body
	name, link, _ := strings.Cut(text, "\n")
	if name != "teal.png" || !strings.HasPrefix(link, "https://"+o.web+"/files/") {
		t.Errorf("the desk phone reads %q", text)
	}

	two.Wait(`document.querySelector('nav a[href="#/messages"] .badge')?.innerText === '1'`)
	two.Eval(`location.hash = '#/messages'`, nil)
	two.See("listitem", "File: teal.png")
	two.Eval(`location.hash = '#/messages/100'`, nil)
	two.Wait(`document.querySelector('.picture img').naturalWidth === 480`)
	two.Click("button", "Show teal.png")
	two.Wait(`document.querySelector('dialog[open] img').naturalWidth === 800`)
	two.Click("button", "Close")
	one.See("text", "Read") // now that it was looked at
	two.Wait(`document.querySelector('nav .badge') === null`)

	var status int
	third.Eval(fmt.Sprintf(`fetch(%q).then((r) => r.status)`, link), &status)
	if status != 404 {
		t.Errorf("somebody else gets the file: %d", status)
	}
	two.Eval(fmt.Sprintf(`fetch(%q).then((r) => r.headers.get('content-security-policy'))`, link), &name)
	if !strings.Contains(name, "sandbox") {
		t.Errorf("a file may do %q", name)
	}

	two.Click("button", "Show teal.png") // it stays open when something arrives
	// Dropped and pasted, together with something that is no picture.
	one.Eval(`window.photo('red').then((file) => {
		const dataTransfer = new DataTransfer()
		dataTransfer.items.add(file)
		dataTransfer.items.add(new File(['a plan'], 'plan.txt'))
		document.querySelector('section.screen').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
	})`, nil)
	one.Eval(`window.photo('blue').then((file) => {
		const clipboardData = new DataTransfer()
		clipboardData.items.add(file)
		document.querySelector('textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
	})`, nil)
	for _, seen := range []string{"Show red.png", "Show blue.png"} {
		two.See("button", seen)
	}
	two.See("text", "plan.txt")
	two.Wait(`document.querySelector('dialog[open] img').naturalWidth === 800`)
	two.Click("button", "Close")
	one.Wait(`document.querySelector('.upload') === null`)

	one.Eval(`window.give(new File([new Uint8Array(3000000)], 'film.mp4'))`, nil)
	one.See("text", "The file is too large.")
	one.Click("button", "Cancel film.mp4")
	one.Gone("text", "film.mp4")
	o.quiet(two)
}

func TestAVirusIsNotSent(t *testing.T) {
	t.Parallel()
	daemon := testclamd.Start(t, "unix", filepath.Join(t.TempDir(), "clamd.ctl"))
	o := openOfficeWith(t, "  clamd: "+daemon.Address, "")
	page := o.logIn(o.chromium(alice), "100", givesFiles)
	page.Eval(`location.hash = '#/messages/101'`, nil)
	page.See("textbox", "Message")
	bad := fmt.Sprintf(`window.give(new File([%q], 'bad.txt'))`, testclamd.Virus)
	page.Eval(bad, nil)
	page.See("text", "The file has a virus, and was not sent.")
	page.Click("button", "Cancel bad.txt")
	page.Gone("text", "bad.txt")
	daemon.Stop()
	page.Eval(`window.give(new File(['hello'], 'good.txt'))`, nil)
	page.See("text", "The file could not be checked for viruses, and was not sent. Try again later.")
	var texts []any
	page.Eval(`fetch('/api/phone/chats/101').then((r) => r.json())`, &texts)
	if len(texts) != 0 {
		t.Errorf("it was sent: %v", texts)
	}
}

func TestALongConversation(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", "messages:\n  per_minute: 600\n")
	phone := o.phone(ctx, "101")
	for i := range 60 {
		phone.Write(ctx, "100", fmt.Sprintf("number %d.", i), nil)
	}
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`location.hash = '#/messages/101'`, nil)
	page.See("listitem", "number 59.")
	page.Gone("listitem", "number 9.")
	page.Wait(`document.querySelector('.body').scrollTop > 100`) // the newest are in sight
	page.Click("button", "Older messages")
	page.See("listitem", "number 0.")
	page.Gone("button", "Older messages")

	page.Click("button", "Emoji")
	page.Click("button", "🎉")
	page.Wait(`document.querySelector('textarea').value === '🎉'`)
	page.Press("Enter")
	page.Wait(`document.querySelector('li:last-child p.emoji')?.innerText.trim() === '🎉'`)

	phone.Write(ctx, "100", "see https://example.com/a?b=1, javascript:alert(1) and <b>this</b>", nil)
	page.See("link", "https://example.com/a?b=1")
	var links []string
	page.Eval(`[...document.querySelectorAll('li p a')].map((a) => [a.href, a.target, a.rel].join(' '))`, &links)
	if len(links) != 1 || links[0] != "https://example.com/a?b=1 _blank noopener noreferrer" {
		t.Errorf("links are %q", links)
	}
	page.See("text", "<b>this</b>")
	o.quiet(page)
}
