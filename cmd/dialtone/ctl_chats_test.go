package main

import (
	"strings"
	"testing"
	"time"

	"dialtone/pbx/api"
)

func (*fakeServer) Chats(party string) ([]api.Chat, error) {
	if party == "109" {
		return nil, nil
	}
	return []api.Chat{{Parties: [2]string{"100", "101"}, Messages: 3, Waiting: 1, Last: time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)}}, nil
}

func (*fakeServer) ChatMessages(f api.ChatFilter, yield func(api.ChatMessage) bool) error {
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	for _, m := range []api.ChatMessage{
		{Text: api.Text{From: "100", To: "101", Extension: "101", At: at, Refused: 415, Type: "image/png", Body: []byte("1234")}, State: "refused"},
		{Text: api.Text{From: "101", To: "100", Extension: "100", At: at, Receipts: []api.Receipt{{Status: 200}, {Status: 415}}}, Content: "Evil\x1b[2J", State: "delivered"},
		{Text: api.Text{From: "100", To: "101", Extension: "101", At: at}, Content: "first", State: "waits"},
	} {
		if f.Fits(&m.Text) && !yield(m) {
			break
		}
	}
	return nil
}

func TestCtlChats(t *testing.T) {
	data := start(t, &fakeServer{})
	for _, tt := range []struct {
		command string
		code    int
		says    []string
	}{
		{"chats", 0, []string{"BETWEEN", "100      101  3         1        2026-05-04 "}},
		{"chats 109", 0, []string{"Nobody has written.\n"}},
		{"chats 100 101", 0, []string{
			"waits        first\n2026-05-04 ", "101   100  delivered 1  Evil?[2J\n2026-05-04 ", "refused 415  (image/png, 4 bytes)\n",
		}},
		{"chats 100 109", 0, []string{"They have written nothing.\n"}},
		{"chats 100 101 --since tomorrow", 1, []string{"--since: "}},
		{"chats 100 101 --until tomorrow", 1, []string{"--until: "}},
	} {
		code, out, errOut := dialtone(t, append([]string{"ctl", "--data", data}, strings.Fields(tt.command)...)...)
		if code != tt.code {
			t.Errorf("%s: exit code %d, want %d: %s", tt.command, code, tt.code, errOut)
		}
		for _, want := range tt.says {
			if !strings.Contains(out+errOut, want) {
				t.Errorf("%s does not say %q:\n%s%s", tt.command, want, out, errOut)
			}
		}
	}
}
