package pbx

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dialtone/pbx/api"
	"dialtone/pbx/messages"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipmessage"
	"dialtone/storage"
)

// wireMessages makes the parts that carry messages in writing.
func (s *Server) wireMessages(auth *sipauth.Authenticator) (err error) {
	s.messages, err = messages.Open(messages.Options{
		Store: s.store, Registrar: s.registrar, Config: s.Config, Plan: s.plan.Load, Webhook: s.outbox.Webhook, Log: s.Log,
	})
	if err != nil {
		return err
	}
	s.messaging = sipmessage.New(sipmessage.Options{
		Edge: s.edge, Auth: auth, Registrar: s.registrar, Trunks: s.trunks, Config: s.Config, Take: s.messages.Take, Log: s.Log,
	})
	return nil
}

// Chats implements api.Server.
func (s *Server) Chats(party string) ([]api.Chat, error) {
	chats := map[[2]string]*api.Chat{}
	now := time.Now()
	err := s.messages.Texts(storage.TextFilter{Party: party}, func(t storage.Text) bool {
		parties := [2]string{t.From, t.Partner(t.From)}
		slices.Sort(parties[:])
		c := chats[parties]
		if c == nil {
			c = &api.Chat{Parties: parties, Last: t.At} // the newest comes first
			chats[parties] = c
		}
		c.Messages++
		if messages.StateOf(&t, now) == messages.StateWaits {
			c.Waiting++
		}
		return true
	})
	var out []api.Chat
	for _, c := range chats {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b api.Chat) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Parties[0], b.Parties[0]), cmp.Compare(a.Parties[1], b.Parties[1]))
	})
	return out, err
}

// ChatMessages implements api.Server.
func (s *Server) ChatMessages(f api.ChatFilter, yield func(api.ChatMessage) bool) error {
	now := time.Now()
	return s.messages.Texts(f, func(t storage.Text) bool {
		m := api.ChatMessage{Text: t, State: messages.StateOf(&t, now)}
		if strings.HasPrefix(strings.ToLower(t.Type), "text/") && utf8.Valid(t.Body) {
			m.Content, m.Body = string(t.Body), nil
		}
		return yield(m)
	})
}
