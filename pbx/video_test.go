package pbx_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dialtone/internal/testphone"
	"dialtone/pbx"
)

const videoConfig = `
data: data
sip: {udp: [%[1]q], tcp: [], tls: []}
web: {listen: []}
media: {ports: 61800-61899, video: %[2]v}
registrar: {qualify: 0}
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
  "101": {password: b7fd-w2ks-9pte-n4vx}
  "102": {password: m3zx-c8rj-4tqh-w6kd}
`

// videoBed is a server, with the phone of each extension; some have video.
func videoBed(t *testing.T, on bool, video ...string) (ctx context.Context, phones map[string]*testphone.Phone) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	dir, err := os.MkdirTemp("", "dt-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := freeAddr(t)
	name := filepath.Join(dir, "dialtone.yaml")
	if err := os.WriteFile(name, fmt.Appendf(nil, videoConfig, at, on), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := pbx.New(pbx.Options{ConfigPath: name, Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	phones = map[string]*testphone.Phone{}
	for extension, password := range map[string]string{"100": "kqvt-8mzn-3xwp-r5hc", "101": "b7fd-w2ks-9pte-n4vx", "102": "m3zx-c8rj-4tqh-w6kd"} {
		phones[extension] = testphone.New(t, testphone.Options{
			Extension: extension, Password: password, Server: at, Domain: "dialtone", Patience: 20 * time.Second, Video: slices.Contains(video, extension),
		})
		phones[extension].Register(ctx)
	}
	return ctx, phones
}

// show has a phone show something until the other one sees it.
func show(ctx context.Context, t *testing.T, from, to *testphone.Call) {
	t.Helper()
	before := to.Watched().Packets
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for to.Watched().Packets == before {
		from.Show()
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("nothing is seen")
		}
	}
}

// Two video phones see each other, on hold they do not, and after a transfer the new party
// is seen.
func TestVideoPhonesSeeEachOther(t *testing.T) {
	ctx, phones := videoBed(t, true, "100", "101", "102")
	alice := phones["100"].Dial(ctx, "101")
	bob := phones["101"].Next(ctx)
	bob.Answer()
	alice.WaitAnswered(ctx)
	show(ctx, t, alice, bob)
	show(ctx, t, bob, alice)
	if w := bob.Watched(); len(w.SSRCs) != 1 || len(w.Types) != 1 {
		t.Errorf("bob saw %+v", w)
	}

	alice.Hold(ctx)
	bob.WaitDirection(ctx, "recvonly")
	if d := bob.Far().Video.Direction; d != "sendonly" {
		t.Errorf("bob was told that the video is %s", d)
	}
	alice.Resume(ctx)
	bob.WaitDirection(ctx, "sendrecv")
	show(ctx, t, alice, bob)
	show(ctx, t, bob, alice)

	bob.Transfer(ctx, "102")
	carol := phones["102"].Next(ctx)
	carol.Answer()
	carol.WaitAnswered(ctx)
	show(ctx, t, alice, carol)
	show(ctx, t, carol, alice)
	if w := alice.Watched(); len(w.SSRCs) != 1 {
		t.Errorf("alice saw %d sources, want one that goes on", len(w.SSRCs))
	}
	alice.Hangup()
	carol.WaitEnded(ctx)
}

// A phone without video is no less a phone, whoever calls.
func TestVideoPhoneAndAPhoneWithout(t *testing.T) {
	for _, on := range []bool{true, false} {
		ctx, phones := videoBed(t, on, "100")
		alice := phones["100"].Dial(ctx, "101")
		bob := phones["101"].Next(ctx)
		bob.Answer()
		alice.WaitAnswered(ctx)
		alice.Speak(440)
		bob.Hears(ctx, 440)
		alice.Show()
		alice.Hold(ctx)
		alice.Resume(ctx)
		bob.Hears(ctx, 440)
		if n := bob.Watched().Packets; n > 0 {
			t.Errorf("%d packets of video reached a phone without", n)
		}
		alice.Hangup()
		bob.WaitEnded(ctx)

		back := phones["101"].Dial(ctx, "100")
		in := phones["100"].Next(ctx)
		in.Answer()
		back.WaitAnswered(ctx)
		in.Speak(440)
		back.Hears(ctx, 440)
		in.Hangup()
		back.WaitEnded(ctx)
	}
}
