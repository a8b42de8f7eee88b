package browser

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"testing"

	webdist "dialtone/web"
)

// heaviest is what all of the page may weigh on the wire, in bytes.
const heaviest = 300_000

func TestThePageIsLight(t *testing.T) {
	files, err := webdist.Files()
	if err != nil {
		t.Fatal(err)
	}
	weight := 0
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var small bytes.Buffer
		w := gzip.NewWriter(&small)
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		weight += small.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if weight > heaviest || weight < heaviest/10 {
		t.Errorf("the page weighs %d bytes, at most %d are wanted", weight, heaviest)
	}
	t.Logf("%d bytes", weight)
}

func TestWhoMayNotLogInIsTold(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	c := o.chromium(alice)
	page := c.Open("https://" + o.web + "/")
	page.Fill("Extension", "100")
	page.Fill("Password", "guessed")
	page.Press("Enter")
	page.See("text", "Extension or password is wrong.")
	page.Click("button", "Français")
	page.See("text", "Poste ou mot de passe incorrect.")
	page.Fill("Mot de passe", o.server.Password("100"))
	page.Click("button", "Se connecter")
	page.See("text", "Prêt")
	page.Reload()
	page.See("text", "Prêt") // the browser is still logged in
	page.Click("link", "Réglages")
	page.Click("button", "Se déconnecter")
	page.See("button", "Se connecter")
	page.Reload()
	page.See("button", "Se connecter")
}

// watchLogOut has the first log-out fail, and notes whether the phone had unregistered before.
const watchLogOut = `
	const socket = window.sockets.at(-1)
	const heard = socket.onmessage
	socket.onmessage = (e) => {
		if (/^SIP\/2.0 200 /.test(e.data) && /^CSeq: \d+ REGISTER/im.test(e.data)) window.unregistered = true
		heard(e)
	}
	window.triedToLogOut = 0
	const ask = window.fetch
	window.fetch = (to, how) => {
		if (!String(to).endsWith('/logout')) return ask(to, how)
		window.unregisteredFirst ??= window.unregistered === true
		return ++window.triedToLogOut === 1 ? Promise.reject(new TypeError('no network')) : ask(to, how)
	}
	undefined`

func TestLoggingOutAndInAgainInOneTab(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`location.hash = '#/messages/%'`, nil) // nobody is called so, and nothing breaks
	page.Eval(watchLogOut, nil)
	page.Click("link", "Settings")
	page.Click("button", "Log out")
	page.See("text", "You are still logged in")
	page.Click("button", "Try again")
	page.See("button", "Log in")
	var first bool
	if page.Eval(`window.unregisteredFirst`, &first); !first {
		t.Error("the page logs out before its phone has unregistered")
	}
	page.Fill("Extension", "101")
	page.Fill("Password", o.server.Password("101"))
	page.Click("button", "Log in")
	page.See("text", "Ready")
	o.quiet(page)
}

func TestASessionThatIsOverShowsTheLogIn(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`fetch('/api/phone/logout', { method: 'POST', headers: { 'X-Dialtone': '1' } }).then(() => true)`, nil)
	page.See("button", "Log in")
}

func TestMessagesAreWrittenAndRead(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	page.Click("link", "Contacts")
	page.Click("link", "Message to Bruno Lefèvre")
	page.Fill("Message", "Lunch at noon? ✓")
	page.Press("Enter")
	if got := phone.WaitTexts(ctx, 1)[0].Body; got != "Lunch at noon? ✓" {
		t.Errorf("the desk phone got %q", got)
	}
	page.See("listitem", "Lunch at noon?")
	phone.Write(ctx, "100", "Gladly", nil)
	page.See("listitem", "Gladly")
	page.Click("link", "All conversations")
	page.See("listitem", "Gladly")
	o.quiet(page)
}

func TestSettingsAreKeptByTheExchange(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	page.Click("link", "Settings")
	page.Click("switch", "Do not disturb")
	page.Wait(`document.querySelector(".state").innerText.includes("Do not disturb")`)
	phone.Dial(ctx, "100").WaitEnded(ctx)
	page.Reload()
	page.Wait(`document.querySelector(".state").innerText.includes("Do not disturb")`)
	page.Click("switch", "Do not disturb")
	page.See("text", "Ready")
	call := phone.Dial(ctx, "100")
	page.See("button", "Answer") // with the keyboard, which is where it rings
	page.Press("Tab")
	page.Press("Tab")
	page.Press("Enter")
	call.WaitAnswered(ctx)
	call.Hears(ctx, alice)
	call.Hangup()
	o.quiet(page)
}
