package callscript

import (
	"fmt"
	"strconv"
	"strings"

	"dialtone/internal/testphone"
)

var writing = []verb{
	{form: "PHONE writes TEXT to NUMBER", doc: "MESSAGE, which is answered 200 or 202; more than one word of TEXT is in quotes", run: writes},
	{form: "PHONE writes TEXT to NUMBER and gets STATUS", doc: "MESSAGE, which is answered with that status", run: writes},
	{form: "PHONE reads TEXT...", doc: "a MESSAGE that no line before has read arrives, and it is the next: they are read in their order", run: reads},
	{form: "PHONE has read everything", doc: "no MESSAGE has come that was not read", run: readEverything},
	{form: "PHONE refuses messages with STATUS", doc: "from now on; 200 takes them again", run: refusesMessages},
	{form: "chat TEXT of NUMBER and PARTNER is STATE...", doc: "dialtone ctl chats of both says that of the message: delivered 2, waits, refused 415, expired", run: chatIs},
}

func writes(s *stage) {
	got := s.who().phone.Write(s.ctx, s.args["NUMBER"], s.args["TEXT"], nil)
	switch want := s.args["STATUS"]; {
	case want != "":
		s.same("the answer", strconv.Itoa(got.Status), want)
	case got.Status != 200 && got.Status != 202:
		s.Fatalf("the message was answered %s\n%s", got, s.who().phone.Trace())
	}
}

func reads(s *stage) {
	p := s.who()
	all := p.phone.WaitTexts(s.ctx, p.read+1)
	got := all[p.read].Body
	p.read++
	s.same("the message", got, s.args["TEXT"])
}

func readEverything(s *stage) {
	p := s.who()
	if all := p.phone.Texts(); len(all) > p.read {
		s.Fatalf("%q has come, and was not read", all[p.read].Body)
	}
}

func refusesMessages(s *stage) {
	status := s.number("STATUS")
	if status == 200 {
		status = 0
	}
	s.who().phone.Change(func(o *testphone.Options) { o.RefuseMessages = status })
}

func chatIs(s *stage) {
	s.until(func() (bool, string) {
		var list []struct {
			Text     string
			State    string
			Refused  int
			Receipts []struct{ Status int }
		}
		if err := s.run.server.Ctl(s.ctx, &list, "chats", s.args["NUMBER"], s.args["PARTNER"]); err != nil {
			return false, err.Error()
		}
		seen := "there is no such message"
		for _, m := range list {
			if m.Text != s.args["TEXT"] {
				continue
			}
			took := 0
			for _, r := range m.Receipts {
				if r.Status < 300 {
					took++
				}
			}
			seen = m.State
			switch {
			case took > 0:
				seen += fmt.Sprint(" ", took)
			case m.Refused > 0:
				seen += fmt.Sprint(" ", m.Refused)
			}
			if seen == strings.TrimSpace(s.args["STATE"]) {
				return true, seen
			}
		}
		return false, "it is: " + seen
	})
}
