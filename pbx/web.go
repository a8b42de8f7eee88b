package pbx

import (
	"errors"
	"fmt"
	"net/netip"

	"dialtone/pbx/settings"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/web"
	"dialtone/storage"
	webdist "dialtone/web"
)

// wireWeb makes the web phone.
func (s *Server) wireWeb(auth *sipauth.Authenticator) error {
	page, err := webdist.Files()
	if err != nil {
		return fmt.Errorf("web phone: %w", err)
	}
	if err := s.wireTURN(); err != nil {
		return err
	}
	s.browser, err = web.New(web.Options{
		Config: s.Config, Data: s.data, Page: page, Log: s.Log, Edge: s.edge, Auth: auth, Board: s.board,
		Registrar: s.registrar, Settings: ownSettings{s.settings}, Records: s.store, Voicemail: s.voicemail, Texts: s.messages, Relay: relayFor{s},
	})
	if err != nil {
		return err
	}
	auth.Issue(s.issued)
	s.voicemail.Watch(s.browser.MailboxChanged)
	s.messages.Watch(s.browser.TextsChanged)
	return nil
}

// WebAddresses are where browsers reach the web phone.
func (s *Server) WebAddresses() []netip.AddrPort { return s.browser.Addresses() }

// recorded keeps the records of calls, and tells the web phone of them.
type recorded struct{ *Server }

// AddCDR implements call.Records.
func (r recorded) AddCDR(c storage.CDR) error {
	err := r.store.AddCDR(c)
	if err == nil {
		r.browser.Recorded(&c)
	}
	return err
}

// ownSettings are settings as the web phone knows them.
type ownSettings struct{ all *settings.Settings }

// DND implements web.Settings.
func (o ownSettings) DND(extension string) bool { return o.all.Of(extension).DND }

// Values implements web.Settings.
func (o ownSettings) Values(extension string) map[string]string {
	return settings.Values(o.all.Of(extension))
}

// Set implements web.Settings.
func (o ownSettings) Set(extension, name, value string) error {
	_, err := o.all.Set(extension, name, value)
	if errors.Is(err, settings.ErrValue) {
		return errors.Join(web.ErrValue, err)
	}
	return err
}
