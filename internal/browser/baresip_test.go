package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"dialtone/internal/callscript"
)

// baresip is a real phone that answers by itself, speaks a tone and records what it hears.
type baresip struct {
	t       *testing.T
	dir     string
	control net.Conn
}

// baresipConfig has no sound card: a tone for a microphone, a file for an ear.
const baresipConfig = `poll_method		epoll
sip_listen		127.0.0.1:%d
call_local_timeout	120
module_path		%s
module			g711.so
module			ausine.so
module			aubridge.so
module			sndfile.so
module			uuid.so
module_tmp		account.so
module_app		menu.so
module_app		ctrl_tcp.so
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

// baresip registers an extension with one.
func (o *office) baresip(ctx context.Context, extension string, hz int) *baresip {
	o.t.Helper()
	if _, err := exec.LookPath("baresip"); err != nil {
		o.t.Fatal("baresip is not installed, and nothing is tested with a real phone without it: make install-test-tools")
	}
	modules, _ := filepath.Glob("/usr/lib/*/baresip/modules")
	modules = append(modules, "/usr/lib/baresip/modules")
	b := &baresip{t: o.t, dir: o.t.TempDir()}
	sip, control, audio := freeUDP(o.t), freeUDP(o.t), freeUDP(o.t)&^1
	b.write("config", fmt.Sprintf(baresipConfig, sip, modules[0], control, hz, audio, audio+9, b.dir))
	b.write("accounts", fmt.Sprintf("<sip:%s@127.0.0.1:%d>;auth_pass=%s;regint=60;audio_codecs=pcmu,pcma;answermode=auto\n",
		extension, o.server.Port("udp"), o.server.Password(extension)))
	b.write("contacts", "")
	cmd := exec.Command("baresip", "-4", "-f", b.dir)
	keyboard, err := cmd.StdinPipe() // held open: at its end baresip ends
	if err != nil {
		o.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		if b.control != nil {
			b.do("quit", "")
			_ = b.control.Close()
		}
		_ = keyboard.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	o.eventually(ctx, "baresip's control port", func() bool {
		b.control, err = (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(control)))
		return err == nil
	})
	var list []struct{ Extension string }
	o.eventually(ctx, "baresip's registration", func() bool {
		return o.server.Ctl(ctx, &list, "registrations") == nil && slices.ContainsFunc(list, func(r struct{ Extension string }) bool { return r.Extension == extension })
	})
	return b
}

func (b *baresip) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// do sends a command to the control port.
func (b *baresip) do(command, params string) {
	data, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err == nil {
		_, err = fmt.Fprintf(b.control, "%d:%s,", len(data), data)
	}
	if err != nil {
		b.t.Errorf("baresip: %s: %v", command, err)
	}
}

// heard is what baresip has heard so far in all of its calls, at 8 kHz.
func (b *baresip) heard() (pcm []int16) {
	names, _ := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		if sides, err := callscript.Sides(data); err == nil { // it may just begin
			pcm = append(pcm, sides[0]...)
		}
	}
	return pcm
}

// eventually waits for something that nobody tells of.
func (o *office) eventually(ctx context.Context, what string, is func() bool) {
	o.t.Helper()
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for !is() {
		select {
		case <-every.C:
		case <-ctx.Done():
			o.t.Fatalf("%s: %v", what, ctx.Err())
		}
	}
}

// TestABrowserAndARealPhoneCallEachOther has each call the other: both hear the other's
// tone.
func TestABrowserAndARealPhoneCallEachOther(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	peer := o.baresip(ctx, "101", desk)

	page.Fill("Name or number", "101")
	page.Press("Enter")
	hears(page, desk)
	o.eventually(ctx, "the tone of the page at baresip", func() bool { return sounds(peer.heard(), alice) })
	page.Click("button", "Hang up")
	page.See("text", "Call ended")
	page.Gone("button", "Hang up")

	before := len(peer.heard())
	peer.do("dial", fmt.Sprintf("sip:100@127.0.0.1:%d", o.server.Port("udp")))
	page.Click("button", "Answer")
	hears(page, desk)
	o.eventually(ctx, "the tone of the page at baresip, which called", func() bool { return sounds(peer.heard()[before:], alice) })
	peer.do("hangup", "")
	page.See("text", "Call ended")
	o.quiet(page)
}
