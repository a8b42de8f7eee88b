package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// libraries are those that others make phones for browsers with. testdata has them as
// they come from npm; make web-check says so.
func libraries() []string { return []string{"jssip", "sipjs"} }

// another is the site of somebody else, with a page for each library.
func another(t *testing.T) *httptest.Server {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("testdata", "stock.html"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("testdata")))
	for _, library := range libraries() {
		html := strings.ReplaceAll(string(page), "LIBRARY", library)
		mux.HandleFunc("/"+library, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(html))
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// stock is a page of another site that is a phone by a library.
type stock struct {
	*Page
	library string
}

// stock registers an extension with a library.
func (o *office) stock(site *httptest.Server, c *Browser, library, extension string) stock {
	o.t.Helper()
	p := c.Open("about:blank")
	p.Before(remember)
	p.Visit(site.URL + "/" + library)
	p.Eval(fmt.Sprintf("window.begin(%q, %q, %q, %q)", library, "wss://"+o.web+"/ws", extension, o.server.Password(extension)), nil)
	s := stock{p, library}
	s.wait("phone.registered")
	return s
}

// wait is Page.Wait, with what the phone has to say.
func (s stock) wait(condition string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Page.wait(ctx, condition); err != nil {
		var log, report []string
		s.Eval("[...phone.log, JSON.stringify(phone)]", &log)
		s.Eval("window.report()", &report)
		s.t.Fatalf("%s: %s: %v\n%q\n%q\n%s", s.library, condition, err, log, s.Complaints(), strings.Join(report, "\n"))
	}
}

func (s stock) is(state string) { s.t.Helper(); s.wait(fmt.Sprintf("phone.state === %q", state)) }

// do presses a button.
func (s stock) do(what string, args ...any) {
	s.t.Helper()
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = fmt.Sprintf("%q", a)
	}
	s.Eval(fmt.Sprintf("Promise.resolve(phone.does.%s(%s)).then(() => true)", what, strings.Join(list, ", ")), nil)
}

// openStock is an office that lets the pages of another site in.
func openStock(t *testing.T) (*office, *httptest.Server) {
	t.Helper()
	needChromium(t)
	site := another(t)
	return openOfficeWith(t, `  origins: ["`+site.URL+`"]`, ""), site
}

func TestLibrariesAndADeskPhone(t *testing.T) {
	t.Parallel()
	for _, library := range libraries() {
		t.Run(library, func(t *testing.T) {
			o, site := openStock(t)
			callsByLibrary(soon(t), o.phone(soon(t), "101"), o.stock(site, o.chromium(alice), library, "100"), "100")
		})
	}
}

func TestLibrariesCallEachOther(t *testing.T) {
	t.Parallel()
	o, site := openStock(t)
	js := o.stock(site, o.chromium(alice), "jssip", "100")
	simple := o.stock(site, o.chromium(bruno), "sipjs", "101")
	for _, c := range []struct{ from, to stock }{{js, simple}, {simple, js}} {
		c.from.do("call", map[string]string{"jssip": "100", "sipjs": "101"}[c.to.library])
		c.to.is("rings")
		c.to.do("answer")
		js.is("talks")
		simple.is("talks")
		hears(simple.Page, alice)
		hears(js.Page, bruno)
		c.from.do("hangUp")
		js.is("idle")
		simple.is("idle")
	}
}

// back is how soon phones have to be there again when the server is.
const back = 15 * time.Second

// TestPhonesComeBackAfterARestart restarts the server: the libraries and our own page
// register by themselves, within seconds, and are called.
func TestPhonesComeBackAfterARestart(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o, site := openStock(t)
	c := o.chromium(alice)
	js, simple := o.stock(site, c, "jssip", "100"), o.stock(site, c, "sipjs", "101")
	own := o.logIn(c, "102")
	if err := o.server.Quit(); err != nil {
		t.Fatal(err)
	}
	own.See("text", "Offline")
	for _, s := range []stock{js, simple} {
		s.wait("!phone.registered")
	}
	began := time.Now()
	if err := o.server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	own.See("text", "Ready")
	t.Logf("the page is ready %v after the server", time.Since(started))
	for _, s := range []stock{js, simple} {
		s.wait("phone.registered && phone.registrations > 1")
		t.Logf("%s is registered %v after the server", s.library, time.Since(started))
	}
	if took := time.Since(began); took > 2*back {
		t.Errorf("all are back after %v, at most %v are wanted", took, 2*back)
	}
	phone := o.phone(ctx, "103")
	for _, s := range []struct {
		extension string
		answer    func()
	}{
		{"100", func() { js.is("rings"); js.do("answer") }},
		{"101", func() { simple.is("rings"); simple.do("answer") }},
		{"102", func() { own.Click("button", "Answer") }},
	} {
		call := phone.Dial(ctx, s.extension)
		s.answer()
		call.WaitAnswered(ctx)
		call.Hears(ctx, alice)
		call.Hangup()
		call.WaitEnded(ctx)
	}
}
