package storagetest

import (
	"testing"

	"dialtone/storage"
)

// Open gives an empty store; whoever runs the suite closes it.
type Open func(t *testing.T) storage.Store

// Run checks an implementation.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		test func(*testing.T, storage.Store)
	}{
		{"a record comes back as it was", recordRoundTrip},
		{"records are listed newest first", newestFirst},
		{"the filter picks", filterPicks},
		{"a list longer than one read is complete", longList},
		{"the reader may stop, and may write while it reads", readerIsFree},
		{"a record of the same start and id is replaced", recordReplaced},
		{"what cannot be kept is refused", refusals},
		{"figures that are no numbers do not lose a record", notANumber},
		{"prune deletes what is older", prune},
		{"contacts come back as they were", contactRoundTrip},
		{"contacts are changed and removed together", contactsChange},
		{"entries of lists come back as they were", entryRoundTrip},
		{"entries of lists are changed and removed together", entriesChange},
		{"messages come back as they were", messageRoundTrip},
		{"messages are changed and removed together", messagesChange},
		{"what owners of mailboxes set comes back", mailboxRoundTrip},
		{"recordings come back as they were, newest first", recordingRoundTrip},
		{"a filter picks recordings", recordingFilter},
		{"recordings are changed and removed", recordingsChange},
		{"messages in writing come back as they were, newest first", textRoundTrip},
		{"a filter picks messages in writing", textFilter},
		{"messages in writing are changed and removed", textsChange},
		{"changes of one message do not overwrite each other", textChangesAdd},
		{"devices are changed and removed", devicesChange},
		{"subscriptions come back, are changed and removed", subscriptionsChange},
		{"settings of extensions are changed and removed", settingsChange},
		{"what a caller changes later is not changed in the store", noSharing},
		{"many writers at once lose nothing", manyWriters},
		{"a closed store says so", closed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			tt.test(t, s)
		})
	}
}
