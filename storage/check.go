package storage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// What a key may hold: every backend refuses more, so that none can fail where
// another works.
const (
	maxIDBytes  = 255
	maxKeyBytes = 4096
)

// maxStart is the last second at which a record may start, in the year 2242: keys
// are nanoseconds in 64 bits.
const maxStart = 1 << 33

// Check says why c cannot be kept, or nil.
func (c *CDR) Check() error {
	switch {
	case c.ID == "":
		return errors.New("storage: record without an id")
	case len(c.ID) > maxIDBytes:
		return fmt.Errorf("storage: record id of %d bytes, at most %d are kept", len(c.ID), maxIDBytes)
	case c.Start.Unix() < 0 || c.Start.Unix() > maxStart:
		return fmt.Errorf("storage: record %q starts in the year %d", c.ID, c.Start.Year())
	}
	return nil
}

// Check says why nothing can be kept under k, or nil.
func (k ContactKey) Check() error {
	switch {
	case k.Extension == "" || k.Binding == "":
		return errors.New("storage: contact without extension or binding")
	case len(k.Extension)+len(k.Binding) > maxKeyBytes:
		return fmt.Errorf("storage: contact key of %d bytes, at most %d are kept", len(k.Extension)+len(k.Binding), maxKeyBytes)
	}
	if strings.IndexByte(k.Extension, 0) >= 0 {
		return errors.New("storage: zero byte in an extension")
	}
	return nil
}

// maxNoteBytes is what a note of an entry may hold.
const maxNoteBytes = 1024

// Check says why e cannot be kept, or nil.
func (e *ListEntry) Check() error {
	switch {
	case e.List == "" || e.Number == "":
		return errors.New("storage: entry without list or number")
	case len(e.List) > maxIDBytes || len(e.Number) > maxIDBytes || len(e.By) > maxIDBytes:
		return fmt.Errorf("storage: list, number and who put it there have at most %d bytes each", maxIDBytes)
	case len(e.Note) > maxNoteBytes:
		return fmt.Errorf("storage: note of %d bytes, at most %d are kept", len(e.Note), maxNoteBytes)
	case strings.IndexByte(e.List, 0) >= 0:
		return errors.New("storage: zero byte in the name of a list")
	}
	return nil
}

// Finite is c with every quality figure that is no number as 0: a record is not
// to be lost for what could not be measured.
func (c CDR) Finite() CDR {
	bad := func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }
	for i, l := range c.Legs {
		if !bad(l.JitterMS) && !bad(l.RTTMS) && !bad(l.MOS) {
			continue
		}
		c.Legs = slices.Clone(c.Legs)
		for _, f := range []*float64{&c.Legs[i].JitterMS, &c.Legs[i].RTTMS, &c.Legs[i].MOS} {
			if bad(*f) {
				*f = 0
			}
		}
	}
	return c
}
