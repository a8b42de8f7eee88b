package storagetest

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"dialtone/storage"
)

// noon is when the first record of each test starts.
func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC) }

// Record is a finished call number n: the higher, the later.
func Record(n int) storage.CDR {
	start := noon().Add(time.Duration(n) * time.Second)
	return storage.CDR{
		ID: fmt.Sprintf("c%06d", n), From: "100", FromName: "Alice \"A\" Müller", To: "101",
		Start: start, Answer: start.Add(3 * time.Second), End: start.Add(time.Minute),
		Cause: "normal", Blame: "none", HungUpBy: "l1", SIP: 200, Q850: 16,
		Legs: []storage.CDRLeg{
			{ID: "l1", Inbound: true, Party: "100", Start: start, Answer: start.Add(3 * time.Second), End: start.Add(time.Minute), Cause: "normal", Codec: "PCMA", MOS: 4.3, RxPackets: 3000},
			{ID: "l2", Parent: "l1", Party: "101", URI: "sip:101@192.0.2.7:5060", Start: start, Ring: start.Add(time.Second), Answer: start.Add(3 * time.Second), End: start.Add(time.Minute), Cause: "normal", Codec: "PCMA", MOS: 4.1, Encrypted: true},
		},
	}
}

// Contact is where extension number n is registered.
func Contact(n int) storage.Contact {
	ext := strconv.Itoa(100 + n)
	return storage.Contact{
		ContactKey: storage.ContactKey{Extension: ext, Binding: "sip:" + ext + "@192.0.2.7:5060"},
		URI:        "sip:" + ext + "@192.0.2.7:5060", Transport: "udp", Flow: "192.0.2.7:5060", Local: "192.0.2.1:5060",
		Path: []string{"<sip:edge.example;lr>"}, Instance: "<urn:uuid:1>", RegID: 2, Q: 0.5,
		CallID: "abc@192.0.2.7", CSeq: math.MaxUint32, UserAgent: "Phone 1.0", NAT: true,
		Since: noon(), Expires: noon().Add(time.Hour),
	}
}

// Entry is a number n that is on a list.
func Entry(list string, n int) storage.ListEntry {
	return storage.ListEntry{
		ListKey: storage.ListKey{List: list, Number: fmt.Sprintf("+4930%06d", n)},
		Note:    "Sells \"windows\"", By: "101", Since: noon(),
	}
}
