package storagetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"dialtone/storage"
)

// Message is the n-th message of a mailbox, with every field set.
func Message(mailbox string, n int) storage.Message {
	at := time.Date(2026, 5, 4, 9, n, 0, 0, time.UTC)
	return storage.Message{
		MessageKey: storage.MessageKey{Mailbox: mailbox, ID: fmt.Sprintf("%d-%04d", at.Unix(), n)},
		State:      storage.MessageKept, From: "+4930123", FromName: "Zoë", To: "+4930999", Trunk: "t", CallID: "c", At: at,
		Length: 12 * time.Second, Urgent: true, Private: true, Heard: at.Add(time.Hour), File: "x.wav", Size: 5, SHA256: "ab",
		Forwarded: "102", Recovered: true, Transcript: "Hello.", Mail: storage.MailWaits,
	}
}

func messages(t *testing.T, s storage.Store, mailbox string) []storage.Message {
	t.Helper()
	all, err := s.Messages(mailbox)
	if err != nil {
		t.Fatalf("Messages: %v", err)
	}
	return all
}

func saveMessages(t *testing.T, s storage.Store, changed []storage.Message, removed ...storage.MessageKey) {
	t.Helper()
	if err := s.SaveMessages(changed, removed); err != nil {
		t.Fatalf("SaveMessages: %v", err)
	}
}

func messageRoundTrip(t *testing.T, s storage.Store) {
	saveMessages(t, s, []storage.Message{Message("101", 2), Message("1011", 1), Message("101", 1), Message("10", 1)})
	for mailbox, want := range map[string][]storage.Message{
		"101": {Message("101", 1), Message("101", 2)}, "1011": {Message("1011", 1)}, "1": nil,
		"": {Message("10", 1), Message("101", 1), Message("101", 2), Message("1011", 1)},
	} {
		if got := messages(t, s, mailbox); !reflect.DeepEqual(got, want) {
			t.Errorf("mailbox %q:\ngot  %+v\nwant %+v", mailbox, got, want)
		}
	}
	long, stateless := Message("101", 3), Message("101", 3)
	long.Transcript, stateless.State = strings.Repeat("x", 65<<10), ""
	for _, bad := range []storage.Message{{}, Message("", 1), Message("a\x00b", 1), long, stateless} {
		if err := s.SaveMessages([]storage.Message{Message("101", 4), bad}, nil); err == nil {
			t.Errorf("%+v was kept", bad.MessageKey)
		}
	}
	if got := messages(t, s, "101"); len(got) != 2 {
		t.Errorf("after refusals there are %d", len(got))
	}
}

func messagesChange(t *testing.T, s storage.Store) {
	saveMessages(t, s, []storage.Message{Message("101", 1), Message("101", 2)})
	changed := Message("101", 2)
	changed.Heard = time.Time{}
	saveMessages(t, s, []storage.Message{changed, Message("102", 1)}, Message("101", 1).MessageKey, Message("109", 9).MessageKey)
	if got, want := messages(t, s, ""), []storage.Message{changed, Message("102", 1)}; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func mailboxRoundTrip(t *testing.T, s storage.Store) {
	for _, b := range []storage.Mailbox{{Extension: "102"}, {Extension: "101", PIN: "x"}, {Extension: "101", PIN: "y"}} {
		if err := s.SaveMailbox(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveMailbox(storage.Mailbox{PIN: "x"}); err == nil {
		t.Error("a mailbox without an extension was kept")
	}
	got, err := s.Mailboxes()
	if want := []storage.Mailbox{{Extension: "101", PIN: "y"}, {Extension: "102"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}
