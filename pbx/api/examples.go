package api

import (
	"time"

	"dialtone/config"
	"dialtone/storage"
)

// The examples of the reference: one call from 100 to 101, an hour into the day.

func exampleStart() time.Time { return time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC) }

func exampleStatus() Status {
	return Status{
		Version: "v0.1.0", Started: exampleStart(),
		Config: "/etc/dialtone/dialtone.yaml", ConfigVersion: "3f9c2a71b0de", Data: "/var/lib/dialtone",
		Addresses: []Address{
			{Transport: "udp", Address: "192.0.2.5:5060"},
			{Transport: "tls", Address: "192.0.2.5:5061"},
		},
		Extensions: 10, Registrations: 2, Calls: 1, CallsMax: 1000, CallsTotal: 17,
		RTPPortsUsed: 4, RTPPorts: 16384, Zone: "Europe/Berlin", LogLevel: "info",
		LastReload: LastReload{At: exampleStart().Add(time.Hour)},
		Alerts: []Alert{{
			At: exampleStart().Add(time.Minute), Level: "warn", Event: "toll-limit", Text: "call to the outside refused",
			Values: map[string]string{"extension": "101", "number": "+4315880", "reason": "extension 101 has 3 calls to international numbers, permission boss allows no more"},
		}},
		Process: Process{PID: 4242, RSS: 18 << 20, Heap: 6 << 20, Goroutines: 31, Files: 21, FilesMax: 1048576},
		Stalls: Stalls{
			Times: 3, TotalMS: 420, LongestMS: 290, Last: exampleStart().Add(30 * time.Second), Told: exampleStart().Add(31 * time.Second),
			Why: "the host of this virtual machine gave 31 % of its processors to others just then", Do: "give it processors of its own, or move it to a host that has less to do",
		},
	}
}

func exampleComparison() Comparison {
	return Comparison{
		Running: "3f9c2a71b0de", File: "/etc/dialtone/new.yaml", Version: "3f9c2a71b0de+71c05d",
		Differences: []config.Difference{
			{Kind: "extension", Name: "104", What: config.Changed, Details: []string{"password changed"}, File: "/etc/dialtone/new.yaml", Line: 12},
			{Kind: "route", Name: "phones/sales", What: config.Moved, Details: []string{"was first, is after emergency"}, File: "/etc/dialtone/new.yaml", Line: 40},
			{Kind: "file", Name: "/etc/dialtone/routing.star", What: config.Changed, File: "/etc/dialtone/routing.star", Line: 1},
		},
	}
}

func exampleCall() Call {
	return Call{
		ID: "64dcghd7bk6f", From: "100", FromName: "Reception", To: "101", State: "up",
		Start: exampleStart(), Answer: exampleStart().Add(4 * time.Second),
		Legs: []Leg{
			{
				ID: "vlmtmozs2a", Inbound: true, Party: "100", Remote: "udp 192.0.2.7:5060", UserAgent: "Desk 4",
				Codec: "PCMA/8000", RxPackets: 3000, RxLost: 3, TxPackets: 2998, JitterMS: 1.4, RTTMS: 8.2, MOS: 4.4,
			},
			{
				ID: "5zvbafft66", Party: "101", Remote: "tls 192.0.2.8:49152", UserAgent: "Soft 2",
				Codec: "PCMA/8000", Encrypted: true, RxPackets: 2998, TxPackets: 2997, JitterMS: 0.3, RTTMS: 2, MOS: 4.4,
			},
		},
	}
}

func exampleTrunk() Trunk {
	return Trunk{
		Name: "sipgate", State: "registered", Since: exampleStart(), Next: exampleStart().Add(510 * time.Second),
		Expires: exampleStart().Add(10 * time.Minute), Calls: 1, Channels: 4,
		Servers: []TrunkServer{
			{Transport: "udp", Address: "203.0.113.9:5060", Alive: true, Since: exampleStart(), LatencyMS: 11.4},
			{Transport: "udp", Address: "203.0.113.10:5060", Since: exampleStart(), Why: "no answer to OPTIONS within 2s"},
		},
	}
}

func exampleEntry() ListEntry {
	return ListEntry{
		ListKey: storage.ListKey{List: "block", Number: "+4930123456"}, Note: "sells windows", By: "101", Since: exampleStart(),
	}
}

func exampleRegistration() Registration {
	return Registration{
		Extension: "100", Name: "Reception", Contact: "sip:100@10.0.0.7:5060", Transport: "udp",
		Flow: "192.0.2.7:5060", NAT: true, UserAgent: "Desk 4",
		Since: exampleStart(), Expires: exampleStart().Add(time.Hour), Reachable: "yes", LatencyMS: 8.2,
	}
}

func exampleCDR() storage.CDR {
	start, end := exampleStart(), exampleStart().Add(64*time.Second)
	return storage.CDR{
		ID: "64dcghd7bk6f", From: "100", FromName: "Reception", To: "101",
		Start: start, Answer: start.Add(4 * time.Second), End: end,
		Cause: "normal", Blame: "nobody", HungUpBy: "vlmtmozs2a", Q850: 16,
		Legs: []storage.CDRLeg{
			{
				ID: "vlmtmozs2a", Inbound: true, Party: "100", Remote: "udp 192.0.2.7:5060",
				Start: start, Answer: start.Add(4 * time.Second), End: end, Cause: "normal", Codec: "PCMA/8000",
				RxPackets: 3000, RxLost: 3, TxPackets: 2998, JitterMS: 1.4, MOS: 4.4,
			},
			{
				ID: "5zvbafft66", Parent: "vlmtmozs2a", Party: "101", Remote: "tls 192.0.2.8:49152",
				Start: start, Ring: start.Add(time.Second), Answer: start.Add(4 * time.Second), End: end,
				Cause: "normal", Codec: "PCMA/8000", Encrypted: true,
				RxPackets: 2998, TxPackets: 2997, JitterMS: 0.3, MOS: 4.4,
			},
		},
	}
}

func exampleQuality() Quality {
	return Quality{
		Leg: "hx2c9d7k1q", Party: "100", Codec: "PCMA/8000",
		From: Flow{Packets: 150, JitterMS: 2.1}, To: Flow{Packets: 148, Lost: 9, LossPercent: 5.7, JitterMS: 4.8},
		RTTMS: 31, MOS: 4.3, Level: &Level{RMS: -21.4, Peak: -6.9, SilentPercent: 20},
		Verdict: []string{"5.7 % of the audio to 100 is lost: words are missing"},
	}
}

func exampleMessage() Message {
	return Message{
		MessageKey: storage.MessageKey{Mailbox: "101", ID: "019df1d0ac0-k3v7m2qa"}, State: storage.MessageKept,
		From: "+4930123456", FromName: "Zoe", To: "+4930999", Trunk: "sipgate", CallID: "64dcghd7bk6f", At: exampleStart(), Length: 12 * time.Second,
		Urgent: true, File: "019df1d0ac0-k3v7m2qa.wav", Size: 192044, SHA256: "9f2c...", Mail: storage.MailSent,
	}
}

func exampleSubscription() Subscription {
	return Subscription{Event: "dialog", Of: "sales", Members: 3, By: "101", Phone: "udp 10.0.0.8:5060", Expires: exampleStart().Add(time.Hour), Failed: 1}
}

func exampleChatMessage() ChatMessage {
	return ChatMessage{
		Text: Text{
			ID: "0650cf3a1b2c4-k3v7m2qa", Extension: "101", From: "100", FromName: "Zoe", To: "101", At: exampleStart(), Expires: exampleStart().Add(7 * 24 * time.Hour),
			Type: "text/plain;charset=UTF-8", Origin: "a84b4c76e66710 1",
			Receipts: []storage.Receipt{{Device: "<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>", Agent: "Phone 1.0", At: exampleStart().Add(time.Second), Status: 200}},
		},
		Content: "Coffee?", State: "delivered",
	}
}

func exampleRecording() Recording {
	return Recording{
		ID: "019df1d0ac0-k3v7m2qa", State: storage.RecordingKept, Call: "ilkcsrdfntwv", From: "+4930123456", FromName: "Ann", To: "101", DID: "+4930123450",
		Parties: []string{"+4930123456", "101"}, Start: exampleStart(), Length: 3 * time.Minute,
		Pauses: []storage.Pause{{At: 40 * time.Second, For: 12 * time.Second}}, By: "rule", Consent: "announced",
		File: "2026/05/04/019df1d0ac0-k3v7m2qa.wav", Format: "wav", Bytes: 5760044,
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}
}

func exampleParked() Parked {
	return Parked{Slot: "701", Call: "7hq2kw4xj3na", From: "+4930123456", FromName: "Anna", By: "101", Since: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
}
