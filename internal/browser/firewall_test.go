package browser

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/internal/callscript"
)

// openAway starts a Dialtone in a network, with more lines below web:, and a browser in
// another.
func openAway(t *testing.T, i *internet, web ...string) (*office, *Browser) {
	t.Helper()
	over := fmt.Sprintf("web:\n  listen: [\"%s:%d\"]\n%smedia:\n  webrtc_port: %d\n  codecs: [OPUS, PCMU, PCMA]\nextensions:\n  \"100\": {password: phone-100-key, name: \"Alice Martin\"}\n",
		officeAddress, pagePort, strings.Join(web, ""), audioPort)
	built := programs(t)
	built.Server = i.office.wrap(built.Server)
	server := callscript.Serve(t, built, over)
	o := &office{t: t, server: server, web: fmt.Sprintf("%s:%d", officeAddress, pagePort)}
	tone := filepath.Join(t.TempDir(), "tone.wav")
	if err := makeTone(tone, alice); err != nil {
		t.Fatal(err)
	}
	trusted, err := trust(filepath.Join(server.Data(), "web", "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return o, Start(t, Options{Tone: tone, Trust: trusted, Enter: i.browser.enter()})
}

// route is how the audio of a call goes.
type route struct {
	Kind     string // of the browser's candidate
	Protocol string // between the browser and what it talks with, or its relay
	Remote   string // where to
	Port     int
}

const findRoute = `window.route = async () => {
	for (const pc of window.connections.filter((pc) => pc.connectionState === 'connected')) {
		const stats = await pc.getStats()
		const transport = [...stats.values()].find((s) => s.type === 'transport')
		const pair = stats.get(transport.selectedCandidatePairId)
		const local = stats.get(pair.localCandidateId), remote = stats.get(pair.remoteCandidateId)
		return { Kind: local.candidateType, Protocol: local.relayProtocol || local.protocol, Remote: remote.address, Port: remote.port }
	}
	return null
}
window.settled = async (want) => {
	for (let tries = 0; ; tries++) {
		const route = await window.route()
		const right = route && Object.keys(want).every((key) => !want[key] || route[key] === want[key])
		if (right || tries === 200) return route
		await new Promise((done) => setTimeout(done, 100))
	}
}`

// onlyBy has a page use those of its relays only whose addresses begin so.
const onlyBy = `{
	const Real = RTCPeerConnection
	window.RTCPeerConnection = function (config) {
		const servers = config.iceServers.map((s) => ({ ...s, urls: s.urls.filter((u) => u.startsWith('%s')) }))
		return new Real({ ...config, iceServers: servers.filter((s) => s.urls.length) })
	}
	window.RTCPeerConnection.prototype = Real.prototype
}`

// settled is how the audio goes when it goes as wanted, or after 20 s.
func settled(page *Page, want route) (r route) {
	page.t.Helper()
	wanted, err := json.Marshal(want)
	if err != nil {
		page.t.Fatal(err)
	}
	page.Eval(fmt.Sprintf("window.settled(%s)", wanted), &r)
	return r
}

// echoes calls what sends back all that it hears: a tone that comes back has gone both ways.
// A browser begins with the first way that it finds, and changes to the best: that is waited
// for. What is zero in want may be anything.
func echoes(o *office, c *Browser, want route, scripts ...string) route {
	o.t.Helper()
	page := o.logIn(c, "100", scripts...)
	page.Eval(findRoute, nil)
	page.Fill("Name or number", "600")
	page.Click("button", "Call")
	hears(page, alice)
	r := settled(page, want)
	page.Click("button", "Hang up")
	page.See("text", "Call ended")
	o.quiet(page)
	return r
}

func TestACallWithoutAFirewall(t *testing.T) {
	o, c := openAway(t, newInternet(t))
	want := route{"host", "udp", officeAddress, audioPort}
	if got := echoes(o, c, want); got != want {
		t.Errorf("the audio goes by %+v, want %+v", got, want)
	}
}

func TestACallWithoutUDP(t *testing.T) {
	i := newInternet(t)
	i.dropUDP()
	o, c := openAway(t, i)
	// What a browser opens a connection from, it finds out only when it has. One that has
	// found a relay before may not look any further.
	want := route{"prflx", "tcp", officeAddress, audioPort}
	if got := echoes(o, c, want, fmt.Sprintf(onlyBy, "none:")); got != want {
		t.Errorf("the audio goes by %+v, want %+v", got, want)
	}
}

// Nothing but the port of the page is open.
func TestACallThroughThePortOfThePage(t *testing.T) {
	i := newInternet(t)
	i.onlyPage()
	o, c := openAway(t, i)
	if got := echoes(o, c, route{Kind: "relay"}); got.Kind != "relay" || got.Protocol == "udp" {
		t.Errorf("the audio goes by %+v, want a relay by TCP or TLS", got)
	}
}

// Nor does anything pass that does not look like HTTPS.
func TestACallInsideOfTLS(t *testing.T) {
	i := newInternet(t)
	i.onlyPage()
	o, c := openAway(t, i)
	want := route{"relay", "tls", officeAddress, audioPort}
	if got := echoes(o, c, want, fmt.Sprintf(onlyBy, "turns:")); got != want {
		t.Errorf("the audio goes by %+v, want %+v", got, want)
	}
}

// noteGathering keeps how far the search for addresses was when a call went out.
const noteGathering = `{
	const send = WebSocket.prototype.send
	WebSocket.prototype.send = function (data) {
		if (String(data).startsWith('INVITE')) window.invited = window.connections.at(-1).iceGatheringState
		return send.call(this, data)
	}
}`

// A relay that does not answer is waited for by browsers for ten seconds, and by calls not
// at all.
func TestACallDoesNotWaitForRelays(t *testing.T) {
	o, c := openAway(t, newInternet(t), "  turn:\n    servers: [\"turn:10.77.2.99:3478\"]\n    secret: known to nobody\n")
	page := o.logIn(c, "100", noteGathering)
	page.Fill("Name or number", "600")
	page.Click("button", "Call")
	hears(page, alice)
	page.Wait("window.invited === 'gathering'")
}
