package peers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
	"dialtone/internal/testwav"
)

// linphone is how Linphone's phone for the console is used.
var linphone = maker{
	name: "linphone",
	dial: "call sip:$NUMBER@$SERVER", answer: "answer", hangUp: "terminate all",
	hold: "pause", resume: "resume",
	transfer: "transfer sip:$NUMBER@$SERVER",
	consult:  "call sip:$NUMBER@$SERVER", asksFirst: true,
	join:     "transfer $FIRST --to-call $SECOND",
	write:    `chat sip:$NUMBER@$SERVER "$TEXT"`, // and the quotes are sent
	read:     `Message received from .*sip:$NUMBER@.*: $TEXT\n`,
	rings:    `Receiving new incoming call`,
	answered: `Call \d+ with .* connected`,
	held:     `is now paused`,
	resumed:  `Media streams established`,
	ended:    `Call \d+ with .* ended`,
	refused:  `Call \d+ .* (ended|error)`,
}

// linphoneRC makes it listen on UDP at one address only.
const linphoneRC = `[sip]
sip_port=%[1]d
sip_tcp_port=0
sip_tls_port=0
default_proxy=0
register_only_when_network_is_up=0
auto_net_state_mon=0
use_ipv6=0
bind_address=127.0.0.1
[rtp]
audio_rtp_port=%[2]d
[auth_info_0]
username=%[3]s
userid=%[3]s
passwd=%[4]s
realm=dialtone
[proxy_0]
reg_proxy=<sip:127.0.0.1:%[5]d>
reg_route=<sip:127.0.0.1:%[5]d>
reg_identity=sip:%[3]s@127.0.0.1:%[5]d
reg_expires=60
reg_sendregister=1
publish=0
`

// startLinphone runs a Linphone that speaks one tone and records what it hears, and waits
// until it has registered.
func startLinphone(ctx context.Context, t *testing.T, server *callscript.Server, extension string, hz float64) *softphone {
	t.Helper()
	need(t, "linphonec")
	home := t.TempDir()
	mouth, ear, config := filepath.Join(home, "mouth.wav"), filepath.Join(home, "ear.wav"), filepath.Join(home, "rc")
	sip := freePort(t)
	text := fmt.Sprintf(linphoneRC, sip, rtpPorts(t), extension, server.Password(extension), server.Port("udp"))
	for name, data := range map[string][]byte{config: []byte(text), mouth: testwav.Format{}.Tone(hz, 60*time.Second)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(home, ".local/share/linphone"), 0o700); err != nil { // it does not make it
		t.Fatal(err)
	}
	p := &softphone{maker: linphone, t: t, number: extension, hz: hz, server: server, screen: &screen{}}
	p.log = p.screen.String
	cmd := exec.Command("linphonec", "-c", config, "-d", "0")
	cmd.Env = append(os.Environ(), "HOME="+home)
	cmd.Dir, cmd.Stdout, cmd.Stderr = home, p.screen, p.screen
	keyboard, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("linphone: %v", err)
	}
	p.types = func(command string) { _, _ = io.WriteString(keyboard, command+"\n") }
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it takes seconds to quit
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("linphone %s:\n%s", extension, p.screen)
		}
	})
	p.hears = func(ctx context.Context, hz float64) {
		p.t.Helper()
		if !callscript.Until(ctx, func() bool {
			data, _ := os.ReadFile(ear)
			return testphone.Sounds(words(data[min(44, len(data)):]), hz, lasting) // its head is written last
		}) {
			p.t.Fatalf("linphone %s does not hear %v Hz", extension, hz)
		}
	}
	p.tell("soundcard use files")
	p.tell("play " + mouth)
	p.tell("record " + ear)
	if !callscript.Until(ctx, func() bool {
		var list []struct{ Contact string }
		return server.Ctl(ctx, &list, "registrations") == nil && slices.ContainsFunc(list, func(r struct{ Contact string }) bool {
			return strings.Contains(r.Contact, fmt.Sprintf("@127.0.0.1:%d", sip))
		})
	}) {
		t.Fatalf("linphone %s does not register", extension)
	}
	return p
}
