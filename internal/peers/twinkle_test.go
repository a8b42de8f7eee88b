package peers

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// twinkle is a running Twinkle that speaks one tone and records what it hears.
type twinkle struct {
	t        *testing.T
	home     string
	keyboard io.WriteCloser
	screen   screen // all that it prints
}

// sound gives Twinkle a file for an ear. Its mouth is a pipe, which keeps the time, as
// ALSA's null device does not.
const sound = `pcm.ear { type file slave.pcm null file "%[1]s/ear" format raw }
pcm.mouth { type file slave.pcm null file /dev/null infile "%[1]s/mouth" format raw }
`

const twinkleSystem = `dev_ringtone=alsa:null
dev_speaker=alsa:ear
alsa_play_period_size=16
dev_mic=alsa:mouth
log_max_size=50
log_show_sip=yes
sip_port=%d
rtp_port=%d
play_ringtone=no
play_ringback=no
`

// Its processing of speech would take a tone for noise.
const twinkleUser = `user_name=%[1]s
user_domain=127.0.0.1:%[3]d
auth_name=%[1]s
auth_pass=%[2]s
registrar=127.0.0.1:%[3]d
register_at_startup=yes
registration_time=60
codecs=g711u,g711a
dtmf_transport=rfc2833
speex_dsp_vad=no
speex_dsp_agc=no
speex_dsp_aec=no
speex_dsp_nrd=no
sip_transport=udp
pub_presence=no
mwi_sollicited=%[4]s
mwi_user=%[1]s
mwi_server=127.0.0.1:%[3]d
mwi_subscription_time=60
mwi_vm_address=*97
`

// startTwinkle runs a Twinkle that registers with the server, and waits until it has.
// With subscribe it asks for its lamp, else it is told without being asked.
func startTwinkle(ctx context.Context, t *testing.T, server *callscript.Server, extension string, hz float64, subscribe bool) *twinkle {
	t.Helper()
	p := &twinkle{t: t, home: t.TempDir()}
	asks := map[bool]string{true: "yes", false: "no"}[subscribe]
	for name, text := range map[string]string{
		".asoundrc":            fmt.Sprintf(sound, p.home),
		".twinkle/twinkle.sys": fmt.Sprintf(twinkleSystem, freePort(t), rtpPorts(t)),
		".twinkle/user.cfg":    fmt.Sprintf(twinkleUser, extension, server.Password(extension), server.Port("udp"), asks),
	} {
		file := filepath.Join(p.home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.speak(hz)
	cmd := exec.Command("twinkle-console", "user.cfg")
	cmd.Env = append(os.Environ(), "HOME="+p.home)
	cmd.Stdout, cmd.Stderr = &p.screen, &p.screen
	var err error
	if p.keyboard, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("twinkle: %v", err)
	}
	t.Cleanup(func() {
		p.does("quit")
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		timer.Stop()
		if t.Failed() {
			t.Logf("twinkle %s:\n%s\n%s", extension, p.screen.String(), callscript.Tail(p.log(), 120))
		}
	})
	if !callscript.Until(ctx, func() bool { return strings.Contains(p.screen.String(), "registration succeeded") }) {
		t.Fatalf("twinkle %s does not register", extension)
	}
	return p
}

// speak feeds its mouth, in time, until the end of the test. What it does not take is not
// said.
func (p *twinkle) speak(hz float64) {
	p.t.Helper()
	pipe := filepath.Join(p.home, "mouth")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		p.t.Fatal(err)
	}
	mouth, err := os.OpenFile(pipe, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var speaking sync.WaitGroup
	speaking.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for begin, n := time.Now(), 0; ctx.Err() == nil; {
			<-tick.C
			for ; time.Duration(n)*time.Second/8000 < time.Since(begin); n += 160 {
				frame := make([]byte, 0, 320)
				for i := range 160 {
					v := 8000 * math.Sin(2*math.Pi*hz*float64(n+i)/8000)
					frame = binary.LittleEndian.AppendUint16(frame, uint16(int16(v)))
				}
				_ = mouth.SetWriteDeadline(time.Now().Add(time.Millisecond))
				_, _ = mouth.Write(frame)
			}
		}
	})
	p.t.Cleanup(func() {
		stop()
		speaking.Wait()
		_ = mouth.Close()
	})
}

// does types a command.
func (p *twinkle) does(command string) { _, _ = fmt.Fprintln(p.keyboard, command) }

// calls calls a number and waits for the answer, the nth of this phone.
func (p *twinkle) calls(ctx context.Context, number string, n int) {
	p.t.Helper()
	p.does("call " + number)
	if !callscript.Until(ctx, func() bool { return strings.Count(p.screen.String(), "far end answered call") == n }) {
		p.t.Fatalf("twinkle's call to %s is not answered", number)
	}
}

func (p *twinkle) log() string {
	data, _ := os.ReadFile(filepath.Join(p.home, ".twinkle", "twinkle.log"))
	return string(data)
}

// heard are the samples of its call so far.
func (p *twinkle) heard() []int16 {
	data, _ := os.ReadFile(filepath.Join(p.home, "ear"))
	return words(data)
}

// words are samples of 16 bits.
func words(data []byte) []int16 {
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return pcm
}

// waitHeard waits until it has heard that many samples of its call.
func (p *twinkle) waitHeard(ctx context.Context, n int) {
	p.t.Helper()
	if !callscript.Until(ctx, func() bool { return len(p.heard()) >= n }) {
		p.t.Fatalf("twinkle heard %d samples, want %d", len(p.heard()), n)
	}
}

// hears waits until a tone was heard in its call.
func (p *twinkle) hears(ctx context.Context, hz float64) {
	p.t.Helper()
	if !callscript.Until(ctx, func() bool { return testphone.Sounds(p.heard(), hz, lasting) }) {
		p.t.Fatalf("twinkle does not hear %v Hz in %d samples", hz, len(p.heard()))
	}
}

// twinklePhone is how Twinkle's console is used.
var twinklePhone = maker{
	name: "twinkle",
	dial: "call $NUMBER", answer: "answer", hangUp: "bye",
	hold: "hold", resume: "retrieve",
	transfer: "transfer $NUMBER",
	consult:  "transfer -c $NUMBER", join: "transfer -c",
	write: `message $NUMBER "$TEXT"`, read: `From:\t\t.*sip:$NUMBER@.*\n.*\n+"?$TEXT"?\n`,
	rings:    `incoming call`,
	answered: `call established|far end answered call`,
	held:     `re-INVITE successful`,
	resumed:  `re-INVITE successful`,
	ended:    `call ended|far end ended call|far end cancelled call`,
	refused:  `call failed`,
}

// softphone is Twinkle as a phone among others.
func (p *twinkle) softphone(server *callscript.Server, extension string, hz float64) *softphone {
	return &softphone{
		maker: twinklePhone, t: p.t, number: extension, hz: hz, server: server,
		screen: &p.screen, types: p.does, hears: p.hears, log: p.screen.String,
	}
}
