package doctor_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dialtone/pbx/api"
	"dialtone/pbx/doctor"
)

// Everything is tried with a server whose plan refuses all calls: nothing of it depends on
// the plan, and nothing is left behind.
func TestAServerThatIsWell(t *testing.T) {
	w := admit(t, usual(t, "", "", "")+`
dialplan:
  routes:
    - name: nobody
      do: [{hangup: busy}]
`)
	all := w.examine()
	for _, f := range all {
		if f.Level == doctor.Problem {
			t.Errorf("%+v", f)
		}
	}
	all.want(t, "configuration", doctor.OK, "is right: 1 extension", "")
	all.want(t, "ports", doctor.OK, "all ports are ours", "")
	all.want(t, "data", doctor.OK, "can be written to", "")
	all.want(t, "certificate", doctor.Warning, "until they know the authority", "/certificate says how")
	all.want(t, "websocket", doctor.OK, "it answers in", "")
	all.want(t, "phones", doctor.Warning, "no phone is registered", "")
	sip := all.want(t, "sip", doctor.OK, "UDP in", "")
	echo := all.want(t, "echo", doctor.OK, "100 packets sent, 0.0 % lost", "")
	if d := echo.Values["delay_ms"]; d <= 0 || d > echo.Values["delay_max_ms"] {
		t.Errorf("the delay is %v", echo.Values)
	}
	browsers := all.want(t, "browsers", doctor.OK, "heard by UDP at 127.0.0.1", "")
	all.want(t, "browsers", doctor.OK, "heard by TCP at 127.0.0.1", "")
	for _, name := range []string{"udp_ms", "tcp_ms"} {
		if sip.Values[name] <= 0 || browsers.Values[name] <= 0 {
			t.Errorf("%s: sip %v, browsers %v", name, sip.Values, browsers.Values)
		}
	}
	client := w.client.(*api.Client)
	err := client.CDRs(t.Context(), api.CDRFilter{}, func(c api.CDR) bool { t.Errorf("there is a record: %+v", c); return true })
	if status, failed := client.Status(t.Context()); err != nil || failed != nil || status.CallsTotal != 0 {
		t.Errorf("%v, %v, %d calls", err, failed, status.CallsTotal)
	}
}

func TestCertificatesThatBrowsersRefuse(t *testing.T) {
	const name = "localhost"
	month := time.Now().Add(30 * 24 * time.Hour)
	for _, tt := range []struct {
		name     string
		make     func(t *testing.T, dir string)
		level    doctor.Level
		text, do string
	}{
		{"expired", func(t *testing.T, dir string) { sign(t, nil, false, time.Now().Add(-time.Hour), name).write(t, dir) }, doctor.Problem, "expired on", "renew"},
		{"for another name", func(t *testing.T, dir string) { sign(t, nil, false, month, "other.example.com").write(t, dir) }, doctor.Problem, "is for other.example.com, not for localhost", "web.name"},
		{"signed by itself", func(t *testing.T, dir string) { sign(t, nil, false, month, name).write(t, dir) }, doctor.Problem, "signed by itself", "by an authority"},
		{"chain not complete", func(t *testing.T, dir string) {
			sign(t, sign(t, sign(t, nil, true, month), true, month, "between"), false, month, name).write(t, dir)
		}, doctor.Problem, "the chain is not complete", "fullchain.pem"},
		{"by an authority of one's own", func(t *testing.T, dir string) {
			root := sign(t, nil, true, month)
			sign(t, root, false, month, name).write(t, dir, root)
		}, doctor.Warning, "does not know who has signed", "imported on each device"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.make(t, dir)
			w := admit(t, usual(t, fmt.Sprintf(", name: %s, certificate: %s/cert.pem, key: %s/key.pem", name, dir, dir), "", ""))
			w.examine().want(t, "certificate", tt.level, tt.text, tt.do)
		})
	}
}

// Somebody has put a key beside the certificate that belongs to another.
func TestAKeyOfAnotherCertificate(t *testing.T) {
	dir, month := t.TempDir(), time.Now().Add(30*24*time.Hour)
	sign(t, nil, false, month, "localhost").write(t, dir)
	w := admit(t, usual(t, fmt.Sprintf(", name: localhost, certificate: %s/cert.pem, key: %s/key.pem", dir, dir), "", ""))
	other := t.TempDir()
	sign(t, nil, false, month, "localhost").write(t, other)
	key, err := os.ReadFile(filepath.Join(other, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	all := w.examine()
	all.want(t, "configuration", doctor.Problem, "web.key", "belong together")
	all.want(t, "certificate", doctor.Problem, "", "")
}

func TestPortsThatAreTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = datagrams.Close() }()

	t.Run("that of the web phone, while the server runs", func(t *testing.T) {
		w := admit(t, fmt.Sprintf("sip: {udp: [\"127.0.0.1:0\"], tcp: [], tls: []}\nweb: {listen: [%q]}\nmedia: {webrtc_port: %d, ports: 52000-52199}\ncalls: {max: 40}\nextensions:\n  \"100\": {password: kqvt-8mzn-3xwp-r5hc}\n", taken.Addr(), freePort(t)))
		all := w.examine()
		all.want(t, "ports", doctor.Problem, "another program has the port", "ss -ltnp")
		all.want(t, "certificate", doctor.Problem, "cannot be reached", "")
		all.want(t, "echo", doctor.OK, "100 packets", "") // telephones work all the same
	})
	t.Run("that of SIP, so that the server does not start", func(t *testing.T) {
		w := lay(t, fmt.Sprintf("sip: {udp: [%q, \"192.0.2.99:5060\"], tcp: [], tls: []}\nweb: {listen: []}\nextensions:\n  \"100\": {password: kqvt-8mzn-3xwp-r5hc}\n", datagrams.LocalAddr()))
		all := w.examine()
		all.want(t, "server", doctor.Skipped, "does not run", "start it")
		all.want(t, "ports", doctor.Problem, "is taken by another program", "ss -lunp")
		all.want(t, "ports", doctor.Problem, "is no address of this machine", "")
		if len(all.of("echo")) > 0 {
			t.Error("a server that does not run is called")
		}
	})
}

func TestAConfigurationWithMistakes(t *testing.T) {
	w := lay(t, "sipp: {}\n")
	all := w.examine()
	all.want(t, "configuration", doctor.Problem, "1 mistake", "dialtone check")
	all.want(t, "ports", doctor.Skipped, "without mistakes", "") // those of no configuration are not its ports
}

// Who listens everywhere does so at the loopback, too: with the relay over UDP as with all else.
func TestARelayAtAllAddresses(t *testing.T) {
	w := admit(t, fmt.Sprintf("sip: {udp: [\"127.0.0.1:0\"], tcp: [], tls: []}\nweb: {listen: [\":%d\"]}\nmedia: {webrtc_port: %d, ports: 52000-52199}\ncalls: {max: 40}\nextensions:\n  \"100\": {password: kqvt-8mzn-3xwp-r5hc}\n", freePort(t), freePort(t)))
	relays := w.examine().of("turn")
	if len(relays) != 3 {
		t.Errorf("%d relays, want those of TLS, TCP and UDP", len(relays))
	}
	for _, f := range relays {
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
}

func TestADataFolderThatIsNone(t *testing.T) {
	w := lay(t, usual(t, "", "", ""))
	if err := os.WriteFile(filepath.Join(w.dir, "data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.examine().want(t, "data", doctor.Problem, "is no folder", "")
}

func TestAudioThatDoesNotArrive(t *testing.T) {
	t.Run("browsers are told an address that nobody reaches", func(t *testing.T) {
		w := admit(t, usual(t, "", "", ", external: 203.0.113.9, local_networks: [10.0.0.0/8]"))
		all := w.examine()
		all.want(t, "browsers", doctor.Warning, "not at 203.0.113.9", "try from outside")
		all.want(t, "names", doctor.OK, "203.0.113.9 (sip.external)", "")
	})
	t.Run("another program has the port", func(t *testing.T) {
		taken, err := net.ListenPacket("udp", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = taken.Close() }()
		w := admit(t, fmt.Sprintf("sip: {udp: [\"127.0.0.1:0\"], tcp: [], tls: []}\nweb: {listen: [\"127.0.0.1:%d\"]}\nmedia: {webrtc_port: %d, ports: 52000-52199}\ncalls: {max: 40}\nextensions:\n  \"100\": {password: kqvt-8mzn-3xwp-r5hc}\n", freePort(t), taken.LocalAddr().(*net.UDPAddr).Port))
		w.examine().want(t, "browsers", doctor.Problem, "did not work", "can port")
	})
	t.Run("there is none with browsers", func(t *testing.T) {
		w := admit(t, fmt.Sprintf("sip: {udp: [\"127.0.0.1:0\"], tcp: [], tls: []}\nweb: {listen: [\"127.0.0.1:%d\"]}\nmedia: {webrtc_port: 0, ports: 52000-52199}\ncalls: {max: 40}\nextensions:\n  \"100\": {password: kqvt-8mzn-3xwp-r5hc}\n", freePort(t)))
		w.examine().want(t, "browsers", doctor.Problem, "media.webrtc_port is 0", "open it in the firewall")
	})
	t.Run("no codec is shared", func(t *testing.T) {
		w := admit(t, usual(t, "", ", codecs: [G729]", ""))
		w.examine().want(t, "echo", doctor.Problem, "the test call", "")
	})
	t.Run("external is a private address", func(t *testing.T) {
		w := lay(t, usual(t, "", "", ", external: 10.1.2.3"))
		w.examine().want(t, "names", doctor.Warning, "nobody outside reaches", "that the router has")
	})
}

func TestANameThatLeadsNowhere(t *testing.T) {
	w := admit(t, usual(t, ", name: pbx.invalid", "", ""))
	w.examine().want(t, "names", doctor.Problem, "pbx.invalid (web.name) leads nowhere", "DNS")
}

// told is a server that tells something else than it would.
type told struct {
	doctor.Server
	check  func(*api.Check)
	trunks []api.Trunk
	phones []api.Registration
}

func (s told) Check(ctx context.Context) (api.Check, error) {
	k, err := s.Server.Check(ctx)
	if s.check != nil {
		s.check(&k)
	}
	return k, err
}
func (s told) Trunks(context.Context) ([]api.Trunk, error)               { return s.trunks, nil }
func (s told) Registrations(context.Context) ([]api.Registration, error) { return s.phones, nil }

func TestARelayThatRefuses(t *testing.T) {
	w := admit(t, usual(t, "", "", ""))
	w.examine().want(t, "turn", doctor.OK, "lends 127.0.0.1", "")
	w.client = told{Server: w.client, check: func(k *api.Check) {
		for i := range k.ICE {
			k.ICE[i].Credential = "guessed"
		}
	}}
	all := w.examine()
	if relays := all.of("turn"); len(relays) < 2 {
		t.Errorf("%+v", relays)
	}
	for _, f := range all.of("turn") {
		if f.Level != doctor.Problem {
			t.Errorf("%+v", f)
		}
	}
	all.want(t, "turn", doctor.Problem, "lends no address: 4", "user name and password")
}

func TestTrunksAndPhones(t *testing.T) {
	w := admit(t, usual(t, "", "", ""))
	w.client = told{
		Server: w.client,
		trunks: []api.Trunk{
			{Name: "good", State: "registered", Servers: []api.TrunkServer{{Address: "192.168.1.9:5060", Why: "no answer"}}},
			{Name: "bad", State: "failed", Why: "403 Forbidden"},
		},
		phones: []api.Registration{
			{Extension: "100", Transport: "udp", Flow: "192.168.1.7:5060", Reachable: "yes"},
			{Extension: "100", Transport: "udp", Flow: "192.168.1.8:5060", Reachable: "no"},
		},
	}
	all := w.examine()
	all.want(t, "trunks", doctor.OK, "good is registered", "")
	all.want(t, "trunks", doctor.Warning, "192.168.1.9:5060 does not answer", "")
	all.want(t, "trunks", doctor.Problem, "bad is failed: 403 Forbidden", "user and password")
	all.want(t, "phones", doctor.OK, "2 phones of 1 extension", "")
	all.want(t, "phones", doctor.Warning, "100 (udp 192.168.1.8:5060)", "")
}
