// Package sealed writes files that only who has the private key can read, in the
// format of age (https://age-encryption.org/v1). Dialtone has the public keys only: it
// cannot read what it has written.
//
// The format seals 64 KiB at a time. What is sealed stays readable however the file
// ends: `age -d` gives all of it, and complains of the end after that.
package sealed

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Suffix is how the names of sealed files end, after that of what is in them.
const Suffix = ".age"

// Pending is how much of what was written may wait to be sealed, at most.
const Pending = 64 << 10

// Key is a public key.
type Key struct {
	text      string
	recipient age.Recipient
}

// ParseKey reads a public key: age1 and 58 letters and digits, as age-keygen writes it.
func ParseKey(s string) (Key, error) {
	if strings.HasPrefix(strings.ToUpper(s), "AGE-SECRET-KEY-") {
		return Key{}, errors.New("this is a private key, which Dialtone must not have: write the public one, which begins with age1, and make a new pair, since this one has been seen")
	}
	r, err := age.ParseX25519Recipient(s)
	if err != nil {
		return Key{}, fmt.Errorf("%.80q is no public key: age-keygen makes one, which begins with age1", s)
	}
	return Key{s, r}, nil
}

// String is the key as it was written.
func (k Key) String() string { return k.text }

// Writer seals what is written to it. It is for one goroutine.
type Writer struct {
	to     io.Writer
	stream io.WriteCloser
}

// NewWriter begins a file, which any of the keys opens.
func NewWriter(to io.Writer, keys []Key) (*Writer, error) {
	if len(keys) == 0 {
		return nil, errors.New("sealed: there is no key to seal for")
	}
	recipients := make([]age.Recipient, len(keys))
	for i, k := range keys {
		recipients[i] = k.recipient
	}
	stream, err := age.Encrypt(to, recipients...)
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	return &Writer{to, stream}, nil
}

// Write implements io.Writer.
func (w *Writer) Write(b []byte) (int, error) { return w.stream.Write(b) }

// Sync returns when all that is sealed is on the disk: all but the last 64 KiB at most.
func (w *Writer) Sync() error {
	if s, ok := w.to.(interface{ Sync() error }); ok {
		return s.Sync()
	}
	return nil
}

// Close seals the rest, and returns when that is on the disk. It does not close what it
// writes to.
func (w *Writer) Close() error { return errors.Join(w.stream.Close(), w.Sync()) }
