package api

import (
	"errors"
	"reflect"
	"testing"
)

func (*fakeServer) Chats(party string) ([]Chat, error) {
	if party == "broken" {
		return nil, errors.New("broken")
	}
	return []Chat{{Parties: [2]string{"100", "101" + party}, Messages: 2, Waiting: 1, Last: exampleStart()}}, nil
}

func (f *fakeServer) ChatMessages(filter ChatFilter, yield func(ChatMessage) bool) error {
	f.read = filter
	for range 3 {
		if !yield(exampleChatMessage()) {
			break
		}
	}
	return nil
}

func TestChats(t *testing.T) {
	server := &fakeServer{}
	client := serve(t, server)
	for party, with := range map[string]string{"": "101", "5 &": "1015 &"} {
		if got, err := client.Chats(t.Context(), party); err != nil || len(got) != 1 || got[0].Parties[1] != with || got[0].Waiting != 1 {
			t.Errorf("%q: %+v, %v", party, got, err)
		}
	}
	if _, err := client.Chats(t.Context(), "broken"); err == nil {
		t.Error("an error was lost")
	}
	want := ChatFilter{Since: exampleStart(), Until: exampleStart().Add(1), Party: "101", With: "100", ID: "x", Limit: 2}
	n := 0
	err := client.ChatMessages(t.Context(), want, func(m ChatMessage) bool {
		n++
		if !reflect.DeepEqual(m, exampleChatMessage()) {
			t.Errorf("got %+v", m)
		}
		return true
	})
	if err != nil || n != 3 || !reflect.DeepEqual(server.read, want) {
		t.Errorf("%d came with %+v, %v", n, server.read, err)
	}
}
