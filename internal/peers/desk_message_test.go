package peers

import (
	"context"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testbaresip"
)

// A phone writes to one that is off, which reads that once when it comes, and then the
// other way round.
func TestPhonesWrite(t *testing.T) {
	t.Parallel()
	need(t, "twinkle-console")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	server := serve(t, desks)
	waits := func(from, to string) {
		t.Helper()
		var list []struct{ State string }
		if !callscript.Until(ctx, func() bool {
			return server.Ctl(ctx, &list, "chats", from, to) == nil && len(list) == 1 && list[0].State == "waits"
		}) {
			t.Fatalf("what %s wrote to %s is %v, want one message that waits", from, to, list)
		}
	}
	alice := startBaresip(ctx, t, server, testbaresip.Options{Extension: "100", Hz: 440, Modules: "contact.so", Contact: "101"})
	alice.writes("101", "offline to twinkle")
	waits("100", "101")

	bob := startTwinkle(ctx, t, server, "101", 700, false).softphone(server, "101", 700)
	bob.reads(ctx, "100", "offline to twinkle", 1)
	bob.writes("102", "offline to linphone")
	waits("101", "102")

	carol := startLinphone(ctx, t, server, "102", 1000)
	carol.reads(ctx, "101", "offline to linphone", 1)
	carol.writes("103", "offline")
	waits("102", "103")

	dave := startBaresip(ctx, t, server, testbaresip.Options{Extension: "103", Hz: 440, Modules: "contact.so", Contact: "102"})
	dave.reads(ctx, "102", "offline", 1)
	dave.writes("102", "online to linphone")
	carol.reads(ctx, "103", "online to linphone", 1)
	carol.writes("101", "online")
	bob.reads(ctx, "102", "online", 1)
	bob.writes("100", "online to baresip")
	alice.reads(ctx, "101", "online to baresip", 1)

	bob.reads(ctx, "100", "offline to twinkle", 1)
	carol.reads(ctx, "101", "offline to linphone", 1)
	dave.reads(ctx, "102", "offline", 1)
}
