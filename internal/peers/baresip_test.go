package peers

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// baresip is a running baresip that speaks one tone and records what it hears.
type baresip struct {
	t       *testing.T
	dir     string
	conn    net.Conn // its control port
	mu      sync.Mutex
	reading sync.WaitGroup
	changed chan struct{}
	events  []string // types, in order
	screen  screen   // all that came from the control port
}

// account says how a baresip registers.
type account struct {
	extension string
	transport string
	hz        int
	params    string // further ones: ";answermode=auto;mediaenc=srtp-mand"
	modules   string // further ones: "mwi.so contact.so"
	contact   string // whom it writes to and watches
}

// settings is baresip's configuration: no sound card, a tone for a microphone,
// a file for an ear, and a control port.
const settings = `poll_method		epoll
sip_listen		127.0.0.1:%d
sip_verify_server	no
call_local_timeout	120
call_max_calls		4
module_path		%s
module			g711.so
module			ausine.so
module			aubridge.so
module			sndfile.so
module			srtp.so
module			uuid.so
module_tmp		account.so
module_app		menu.so
module_app		ctrl_tcp.so
module_app		debug_cmd.so
ctrl_tcp_listen		127.0.0.1:%d
audio_player		aubridge,nil
audio_source		ausine,%d
audio_alert		aubridge,nil
ausrc_srate		48000
ausrc_channels		2
auplay_srate		48000
auplay_channels		2
rtp_ports		%d-%d
jitter_buffer_type	fixed
jitter_buffer_delay	2-10
snd_path		%s
`

// modules finds baresip's modules, wherever Debian puts them.
func modules(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules"} {
		if dirs, _ := filepath.Glob(pattern); len(dirs) > 0 {
			return dirs[0]
		}
	}
	t.Fatal("baresip's modules are not where Debian puts them. Run:\n\tapt-get update && apt-get install -y baresip-core")
	return ""
}

// startBaresip runs a baresip that registers with the server, and waits until it
// has.
func startBaresip(ctx context.Context, t *testing.T, server *callscript.Server, a account) *baresip {
	t.Helper()
	b := &baresip{t: t, dir: t.TempDir(), changed: make(chan struct{})}
	sip, control, rtp := freePort(t), freePort(t), rtpPorts(t)
	at := fmt.Sprintf("127.0.0.1:%d", server.Port(a.transport))
	config := fmt.Sprintf(settings, sip, modules(t), control, a.hz, rtp, rtp+19, b.dir)
	for _, module := range strings.Fields(a.modules) {
		config += "module_app		" + module + "\n"
	}
	b.write("config", config)
	b.write("accounts", fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;regint=60;audio_codecs=pcmu,pcma%s\n",
		a.extension, at, a.transport, a.extension, server.Password(a.extension), a.params))
	contacts := ""
	if a.contact != "" {
		contacts = fmt.Sprintf("\"them\" <sip:%s@%s>;presence=p2p\n", a.contact, at)
	}
	b.write("contacts", contacts)
	log, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("baresip", "-4", "-f", b.dir, "-s")
	cmd.Stdout, cmd.Stderr = log, log
	keyboard, err := cmd.StdinPipe() // held open: at its end baresip ends
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("baresip: %v", err)
	}
	t.Cleanup(func() {
		b.quit()
		_ = keyboard.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if b.conn != nil {
			_ = b.conn.Close()
		}
		b.reading.Wait()
		if t.Failed() {
			data, _ := os.ReadFile(log.Name())
			t.Logf("baresip %s:\n%s", a.extension, tail(string(data), 120))
		}
	})
	b.connect(ctx, control)
	b.waitRegistered(ctx, server, a.extension)
	return b
}

func (b *baresip) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// connect opens the control port as soon as it is there, and reads its events.
func (b *baresip) connect(ctx context.Context, port int) {
	b.t.Helper()
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	var dialer net.Dialer
	ok := wait(ctx, func() bool {
		conn, err := dialer.DialContext(ctx, "tcp", at)
		b.conn = conn
		return err == nil
	})
	if !ok {
		b.t.Fatalf("baresip opens no control port at %s", at)
	}
	b.reading.Go(b.read)
}

// read takes netstrings, each a JSON object, from the control port to its end.
func (b *baresip) read() {
	in := bufio.NewReader(b.conn)
	for {
		length, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
		if err != nil || n > 1<<20 {
			return
		}
		data := make([]byte, n+1) // and the comma
		if _, err := io.ReadFull(in, data); err != nil {
			return
		}
		var message struct {
			Event bool
			Type  string
		}
		_ = json.Unmarshal(data[:n], &message)
		_, _ = fmt.Fprintf(&b.screen, "%s\n", data[:n])
		b.mu.Lock()
		if message.Event {
			b.events = append(b.events, message.Type)
		}
		close(b.changed)
		b.changed = make(chan struct{})
		b.mu.Unlock()
	}
}

// do sends a command to the control port.
func (b *baresip) do(command, params string) {
	b.t.Helper()
	data, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err == nil {
		_, err = fmt.Fprintf(b.conn, "%d:%s,", len(data), data)
	}
	if err != nil {
		b.t.Fatalf("baresip: %s: %v", command, err)
	}
}

func (b *baresip) quit() {
	if b.conn != nil {
		_, _ = fmt.Fprint(b.conn, `18:{"command":"quit"},`)
	}
}

// waitEvent waits until an event of that type has come n times in all.
func (b *baresip) waitEvent(ctx context.Context, name string, n int) {
	b.t.Helper()
	for {
		b.mu.Lock()
		seen := 0
		for _, e := range b.events {
			if e == name {
				seen++
			}
		}
		changed, all := b.changed, strings.Join(b.events, " ")
		b.mu.Unlock()
		if seen >= n {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			b.t.Fatalf("expected %s %d times from baresip, its events are: %s", name, n, all)
		}
	}
}

// waitRegistered asks the server, for baresip may have registered before its
// control port was there.
func (b *baresip) waitRegistered(ctx context.Context, server *callscript.Server, extension string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	ok := wait(ctx, func() bool {
		var list []struct{ Extension string }
		if server.Ctl(ctx, &list, "registrations") != nil {
			return false
		}
		for _, r := range list {
			if r.Extension == extension {
				return true
			}
		}
		return false
	})
	if !ok {
		b.t.Fatalf("baresip %s does not register", extension)
	}
}

// recording is what baresip has heard so far, in a file that grows.
func (b *baresip) recording() (path string, size int64) {
	names, _ := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	if len(names) == 0 {
		return "", 0
	}
	path = names[len(names)-1]
	if info, err := os.Stat(path); err == nil {
		size = info.Size()
	}
	return path, size
}

const second = 2 * 8000 // octets of the recordings

// waitRecorded waits until that many octets were recorded beyond from.
func (b *baresip) waitRecorded(ctx context.Context, from, octets int64) {
	b.t.Helper()
	if !wait(ctx, func() bool { _, size := b.recording(); return size >= from+octets }) {
		path, size := b.recording()
		b.t.Fatalf("baresip recorded %d octets into %q, expected %d", size, path, from+octets)
	}
}

// heard fails the test unless the recording is hz in the last second of it but
// a bit.
func (b *baresip) heard(hz float64) {
	b.t.Helper()
	path, _ := b.recording()
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	pcm, err := samples(data)
	if err != nil {
		b.t.Fatalf("%s: %v", path, err)
	}
	end := len(pcm) - 800
	if end < 8000 {
		b.t.Fatalf("%s has %d samples only", path, len(pcm))
	}
	last := pcm[end-4000 : end]
	if !testphone.HasTone(last, hz) {
		b.t.Errorf("baresip heard %v Hz at a level of %.0f, expected %v Hz", testphone.Loudest(last), testphone.RMS(last), hz)
	}
}

// samples are those of a WAV file with 16 bits, mono, 8 kHz.
func samples(data []byte) ([]int16, error) {
	if len(data) < 44 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return nil, fmt.Errorf("no WAV file")
	}
	for at := 12; at+8 <= len(data); {
		id, size := string(data[at:at+4]), int(binary.LittleEndian.Uint32(data[at+4:]))
		body := data[at+8:]
		switch {
		case id == "fmt " && (binary.LittleEndian.Uint16(body[2:]) != 1 || binary.LittleEndian.Uint32(body[4:]) != 8000):
			return nil, fmt.Errorf("not mono at 8000 Hz")
		case id == "data":
			pcm := make([]int16, len(body)/2) // to the end: the size is written last
			for i := range pcm {
				pcm[i] = int16(binary.LittleEndian.Uint16(body[2*i:]))
			}
			return pcm, nil
		}
		at += 8 + size + size%2
	}
	return nil, fmt.Errorf("no data in it")
}

// audioFlows waits until a second of packets has come from both parties of the one
// call that there is, and has gone to both.
func audioFlows(ctx context.Context, t *testing.T, server *callscript.Server) {
	t.Helper()
	type leg struct {
		Rx int `json:"rx_packets"`
		Tx int `json:"tx_packets"`
	}
	var before, now []struct{ Legs []leg }
	if !wait(ctx, func() bool { // a call that has just ended may still be listed
		before = nil
		return server.Ctl(ctx, &before, "calls") == nil && len(before) == 1 && len(before[0].Legs) == 2
	}) {
		t.Fatalf("expected one call of two legs: %v", before)
	}
	if !wait(ctx, func() bool {
		if server.Ctl(ctx, &now, "calls") != nil || len(now) != 1 || len(now[0].Legs) != 2 {
			return false
		}
		for i, l := range now[0].Legs {
			if was := before[0].Legs[i]; l.Rx < was.Rx+50 || l.Tx < was.Tx+50 {
				return false
			}
		}
		return true
	}) {
		t.Fatalf("audio does not flow: the legs were %v and are %v", before, now)
	}
}

// waitACKs waits until n ACKs have passed baresip's socket in all, by the trace in
// its log: the re-INVITE before the next one has to be over.
func (b *baresip) waitACKs(ctx context.Context, n int) {
	b.t.Helper()
	if !wait(ctx, func() bool { return b.acks() >= n }) {
		b.t.Fatalf("baresip's re-INVITE does not come to its end: fewer than %d ACKs", n)
	}
}

func (b *baresip) acks() int {
	data, _ := os.ReadFile(filepath.Join(b.dir, "log"))
	return strings.Count(string(data), "\nACK sip:")
}

func TestBaresipTalks(t *testing.T) {
	t.Parallel()
	need(t, "baresip")
	for _, c := range []struct{ transport, params string }{
		{"udp", ""},
		{"tcp", ""},
		{"tls", ";mediaenc=srtp-mand"},
	} {
		t.Run(c.transport, func(t *testing.T) {
			server := serve(t, "")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			alice := startBaresip(ctx, t, server, account{extension: "100", transport: c.transport, hz: 440, params: c.params})
			bob := startBaresip(ctx, t, server, account{extension: "101", transport: c.transport, hz: 1000, params: c.params + ";answermode=auto"})
			alice.do("dial", fmt.Sprintf("sip:101@127.0.0.1:%d;transport=%s", server.Port(c.transport), c.transport))
			alice.waitEvent(ctx, "CALL_ESTABLISHED", 1)
			bob.waitEvent(ctx, "CALL_ESTABLISHED", 1)
			alice.waitRecorded(ctx, 0, 2*second)
			bob.waitRecorded(ctx, 0, 2*second)
			alice.heard(1000)
			bob.heard(440)

			acks := alice.acks()
			alice.do("hold", "")
			alice.waitACKs(ctx, acks+1)
			alice.do("resume", "")
			alice.waitACKs(ctx, acks+2)
			// After a re-INVITE baresip records no more, without a server between
			// them too: the packets have to do.
			audioFlows(ctx, t, server)

			bob.do("hangup", "")
			alice.waitEvent(ctx, "CALL_CLOSED", 1)
			records(ctx, t, server, "normal", 1)

			alice.do("dial", fmt.Sprintf("sip:600@127.0.0.1:%d;transport=%s", server.Port(c.transport), c.transport))
			alice.waitEvent(ctx, "CALL_ESTABLISHED", 2)
			alice.waitRecorded(ctx, 0, 2*second)
			alice.heard(440)
			alice.do("hangup", "")
			records(ctx, t, server, "normal", 2)
		})
	}
}

// baresipPhone is how baresip is used. It has no button for a transfer that asks first: the
// keys of the server do that.
var baresipPhone = maker{
	name: "baresip",
	dial: "dial sip:$NUMBER@$SERVER", answer: "accept", hangUp: "hangup",
	hold: "hold", resume: "resume",
	transfer: "transfer sip:$NUMBER@$SERVER",
	consult:  "sndcode *3$NUMBER#", join: "hangup",
	write:    "message $TEXT",                                                                // to the one contact that it has
	read:     `MESSAGE sip:.*\n(?:\w.*\n)*From: .*sip:$NUMBER@.*\n(?:\w.*\n)*\r?\n"?$TEXT"?`, // it shows them in its trace only
	rings:    `"CALL_INCOMING"`,
	answered: `"CALL_ESTABLISHED"`,
	held:     `"CALL_REMOTE_SDP".*"answer"`,
	resumed:  `"CALL_REMOTE_SDP".*"answer"`,
	ended:    `"CALL_CLOSED"`,
	refused:  `"CALL_CLOSED"`,
}

// softphone is baresip as a phone among others. It has no ear: it records no more after a
// re-INVITE.
func (b *baresip) softphone(server *callscript.Server, a account) *softphone {
	p := &softphone{maker: baresipPhone, t: b.t, number: a.extension, hz: float64(a.hz), server: server, screen: &b.screen}
	p.types = func(command string) {
		verb, params, _ := strings.Cut(command, " ")
		b.do(verb, params)
	}
	p.log = func() string { data, _ := os.ReadFile(filepath.Join(b.dir, "log")); return string(data) }
	return p
}
