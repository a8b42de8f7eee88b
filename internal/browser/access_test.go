package browser

import (
	"fmt"
	"testing"
)

// contrasts finds texts that are hard to read on what lies below them (WCAG 2.2, 1.4.3), and
// what assistive technology cannot name: regions, lists, dialogs, fields.
const contrasts = `(() => {
	const found = []
	const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
	const rgba = (color) => {
		pixel.clearRect(0, 0, 1, 1)
		pixel.fillStyle = color
		pixel.fillRect(0, 0, 1, 1)
		return [...pixel.getImageData(0, 0, 1, 1).data]
	}
	const below = (e) => {
		for (; e; e = e.parentElement) {
			const [r, g, b, a] = rgba(getComputedStyle(e).backgroundColor)
			if (a > 250) return [r, g, b]
		}
		return rgba(getComputedStyle(document.body).backgroundColor)
	}
	const light = (color) => {
		const [r, g, b] = color.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
		return 0.2126 * r + 0.7152 * g + 0.0722 * b
	}
	for (const e of document.querySelectorAll('body *')) {
		if (!e.checkVisibility() || e.closest('.hidden, svg, :disabled, option, .video')) continue
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue
		const style = getComputedStyle(e)
		const size = parseFloat(style.fontSize)
		const wanted = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5
		const [a, b] = [light(rgba(style.color)), light(below(e))].sort((x, y) => y - x)
		const ratio = (a + 0.05) / (b + 0.05)
		if (ratio < wanted) found.push('contrast ' + ratio.toFixed(2) + ': ' + e.tagName + '.' + e.className + ' ' + e.innerText.slice(0, 40))
	}
	const ids = [...document.querySelectorAll('[id]')].map((e) => e.id)
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push('twice: #' + id)
	for (const attribute of ['aria-labelledby', 'aria-controls', 'aria-describedby']) {
		for (const e of document.querySelectorAll('[' + attribute + ']')) {
			for (const id of e.getAttribute(attribute).split(' ')) if (!document.getElementById(id)) found.push(attribute + ' of nothing: ' + e.outerHTML.slice(0, 80))
		}
	}
	for (const e of document.querySelectorAll('img:not([alt]), [role=dialog]:not([aria-label], [aria-labelledby]), dialog:not([aria-label])')) found.push('no name: ' + e.outerHTML.slice(0, 80))
	for (const e of document.querySelectorAll('ul > :not(li)')) found.push('no item: ' + e.outerHTML.slice(0, 80))
	if (document.querySelectorAll('main').length !== 1 || !document.querySelector('h1')) found.push('no main part, or no heading')
	return found
})()`

// TestEveryScreenCanBeRead looks at all screens with something on them, light and dark.
func TestEveryScreenCanBeRead(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100", givesFiles)
	call := phone.Dial(ctx, "100")
	page.See("button", "Answer")
	call.Cancel()
	call.WaitEnded(ctx)
	phone.Write(ctx, "100", "Coffee?", nil)
	page.Eval(`location.hash = '#/messages/101'`, nil)
	page.See("listitem", "Coffee?")
	page.Eval(`window.photo('teal').then(window.give)`, nil)
	page.See("button", "Show teal.png")
	page.Eval(`fetch('/api/phone/contacts', { method: 'POST', headers: { 'X-Dialtone': '1' }, body: '[{"name": "Atelier Nord", "numbers": ["+331"]}]' }).then((r) => r.json()).then(([c]) => (window.own = c.id))`, nil)
	var id string
	page.Eval(`window.own`, &id)
	for _, dark := range []bool{false, true} {
		page.Look(390, 844, dark)
		for _, screen := range []string{
			"phone", "calls", "contacts", "contacts/101", "contacts/own:" + id, "contacts/new", "voicemail", "messages", "messages/101", "settings",
		} {
			page.Eval(fmt.Sprintf(`location.hash = "#/%s"`, screen), nil)
			page.Wait(`document.querySelector("main h1, main .dialer") !== null && document.querySelector("[aria-busy]") === null`)
			var found []string
			page.Eval(contrasts, &found)
			for _, fault := range found {
				t.Errorf("%s, dark %v: %s", screen, dark, fault)
			}
		}
	}
	o.quiet(page)
}
