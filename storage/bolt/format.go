package bolt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// format is the version of what is described here. It grows when an older
// Dialtone could no longer read the file.
//
//	meta      "format"               the version, in decimal
//	cdrs      start (8 bytes) + id   encoding byte + record
//	contacts  extension 0 binding    encoding byte + contact
//	lists     list 0 number          encoding byte + entry
//	messages  mailbox 0 id           encoding byte + message
//	mailboxes extension              encoding byte + mailbox
//	recordings id                    encoding byte + recording
//	texts     id                     encoding byte + message in writing
//	devices   extension 0 name       encoding byte + device
//	subscriptions id                 encoding byte + subscription
//	settings  extension              encoding byte + settings
//
// All but the first three may be missing in a file of an older Dialtone, which does not
// look at them.
// start is nanoseconds since 1970, big endian, so that keys sort by time.
const format = 1

// encodingJSON is the first byte of every value.
const encodingJSON = 1

func bucketMeta() []byte          { return []byte("meta") }
func bucketCDRs() []byte          { return []byte("cdrs") }
func bucketContacts() []byte      { return []byte("contacts") }
func bucketLists() []byte         { return []byte("lists") }
func bucketMessages() []byte      { return []byte("messages") }
func bucketMailboxes() []byte     { return []byte("mailboxes") }
func bucketRecordings() []byte    { return []byte("recordings") }
func bucketSubscriptions() []byte { return []byte("subscriptions") }

func bucketTexts() []byte   { return []byte("texts") }
func bucketDevices() []byte { return []byte("devices") }

func bucketSettings() []byte { return []byte("settings") }

// later are the buckets that came after the first release.
func later() [][]byte {
	return [][]byte{bucketLists(), bucketMessages(), bucketMailboxes(), bucketRecordings(), bucketSubscriptions(), bucketTexts(), bucketDevices(), bucketSettings()}
}

// prepare makes the buckets of a new file and refuses a file of others.
func prepare(db *bbolt.DB) error {
	version, empty, complete := "", true, true
	err := db.View(func(tx *bbolt.Tx) error {
		if k, _ := tx.Cursor().First(); k != nil {
			empty = false
		}
		if meta := tx.Bucket(bucketMeta()); meta != nil {
			version = string(meta.Get([]byte("format")))
		}
		for _, name := range later() {
			complete = complete && tx.Bucket(name) != nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	if empty {
		return db.Update(create)
	}
	n, err := strconv.Atoi(version)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("not a Dialtone store: its format is %q; move the file away", version)
	case n > format:
		return fmt.Errorf("%w: its format is %d, this one reads up to %d; upgrade Dialtone or restore a backup", storage.ErrNewerFormat, n, format)
	case !complete:
		return db.Update(complement)
	}
	return nil
}

// complement makes the buckets that an older Dialtone did not have.
func complement(tx *bbolt.Tx) error {
	for _, name := range later() {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

func create(tx *bbolt.Tx) error {
	for _, name := range append(later(), bucketMeta(), bucketCDRs(), bucketContacts()) {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketMeta()).Put([]byte("format"), []byte(strconv.Itoa(format)))
}

func cdrKey(start time.Time, id string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(start.UnixNano())), id...)
}

// timeKey is lower than or equal to the key of every record that starts at t or
// later, and higher than all others.
func timeKey(t time.Time) []byte {
	const lowest, highest = 0, 1<<33 + 1 // seconds that storage.CDR.Check lets pass
	switch {
	case t.Unix() < lowest:
		t = time.Unix(lowest, 0)
	case t.Unix() > highest:
		t = time.Unix(highest, 0)
	}
	return cdrKey(t, "")
}

func contactKey(k storage.ContactKey) []byte {
	key := make([]byte, 0, len(k.Extension)+1+len(k.Binding))
	key = append(key, k.Extension...)
	key = append(key, 0)
	return append(key, k.Binding...)
}

func listKey(k storage.ListKey) []byte {
	return append(append([]byte(k.List), 0), k.Number...)
}

func messageKey(k storage.MessageKey) []byte {
	return append(append([]byte(k.Mailbox), 0), k.ID...)
}

func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append([]byte{encodingJSON}, text...), nil
}

func decode(data []byte, v any) error {
	if len(data) == 0 {
		return errors.New("empty value")
	}
	if data[0] != encodingJSON {
		return fmt.Errorf("value in encoding %d", data[0])
	}
	return json.Unmarshal(data[1:], v)
}
