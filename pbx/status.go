package pbx

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/api"
	"dialtone/pbx/call"
	"dialtone/pbx/processor"
	"dialtone/pbx/registrar"
	"dialtone/storage"
)

// Status implements api.Server.
func (s *Server) Status() api.Status {
	cfg, ports := s.Config(), s.engine.Stats()
	s.mu.Lock()
	last := s.lastReload
	s.mu.Unlock()
	dnd, forwarding := s.settingOf()
	return api.Status{
		DND: dnd, Forwarding: forwarding,
		Version: s.Version, Started: s.started, Draining: s.draining.Load(),
		Config: absolute(s.ConfigPath), ConfigVersion: s.holder.Loaded().Version, Data: absolute(s.data), Addresses: s.Addresses(),
		Extensions: len(cfg.Extensions), Registrations: len(s.registrar.All()),
		Calls: s.board.Len(), CallsMax: cfg.Calls.Max, CallsTotal: s.board.Total(),
		RTPPortsUsed: ports.Open, RTPPorts: ports.Pairs,
		Zone: cfg.Site.Timezone, LogLevel: strings.ToLower(s.Level.Level().String()), Trace: s.trace.Load(), LastReload: last,
		Alerts: s.alerts.newest(), Stalls: stallsOf(s.stalls.Stalls()),
	}
}

func stallsOf(s processor.Stalls) api.Stalls {
	return api.Stalls{
		Times: s.Times, TotalMS: milliseconds(s.Total), LongestMS: milliseconds(s.Longest), Last: s.Last, Told: s.Told, Why: s.Why, Do: s.Do,
	}
}

// absolute is a path for who asks from another folder; "" stays.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil && path != "" {
		return full
	}
	return path
}

// Addresses are where phones reach the server.
func (s *Server) Addresses() []api.Address {
	var list []api.Address
	for _, a := range s.edge.Addresses() {
		list = append(list, api.Address{Transport: a.Transport, Address: a.AddrPort.String()})
	}
	return list
}

// Calls implements api.Server.
func (s *Server) Calls() []api.Call {
	var list []api.Call
	for _, c := range s.board.Calls() {
		out := api.Call{ID: c.ID, From: c.From, FromName: c.FromName, To: c.To, State: string(c.State), Start: c.Start, Answer: c.Answer}
		for _, l := range c.Legs {
			if l.End.IsZero() { // not a phone that rang and is done
				out.Legs = append(out.Legs, legOf(l))
			}
		}
		list = append(list, out)
	}
	return list
}

func legOf(l call.LegSnapshot) api.Leg {
	return api.Leg{
		ID: l.ID, Inbound: l.Inbound, Party: l.Party, Trunk: l.Trunk, PaidBy: l.PaidBy, Remote: l.Remote, UserAgent: l.UserAgent,
		Codec: l.Codec, Encrypted: l.Encrypted, RxPackets: l.RxPackets, RxLost: l.RxLost, TxPackets: l.TxPackets,
		JitterMS: l.JitterMS, RTTMS: l.RTTMS, MOS: l.MOS,
	}
}

// Hangup implements api.Server.
func (s *Server) Hangup(id string) error {
	if !s.board.Hangup(id, &dialplan.Ended{Cause: dialplan.CauseAdmin}) {
		return fmt.Errorf("call %q: %w", id, api.ErrNotFound)
	}
	return nil
}

// Quality implements api.Server.
func (s *Server) Quality(ctx context.Context, id string, d time.Duration) ([]api.Quality, error) {
	parties, found := s.board.Quality(ctx, id, d)
	if !found {
		return nil, fmt.Errorf("call %q: %w", id, api.ErrNotFound)
	}
	var list []api.Quality
	for _, q := range parties {
		out := api.Quality{
			Leg: q.LegID, Party: q.Party, Codec: q.Codec, From: flowOf(q.From), To: flowOf(q.To),
			RTTMS: milliseconds(q.RTT), MOS: q.MOS, Verdict: q.Verdict,
		}
		if l := q.Level; l.Known {
			out.Level = &api.Level{RMS: l.RMS, Peak: l.Peak, ClippedPercent: 100 * l.Clipped, SilentPercent: 100 * l.Silent}
		}
		if v := q.Video; v != nil {
			out.Video = &api.Video{Codec: v.Codec, From: flowOf(v.From), To: flowOf(v.To)}
		}
		list = append(list, out)
	}
	return list, nil
}

func flowOf(f call.Flow) api.Flow {
	return api.Flow{Packets: f.Packets, Lost: f.Lost, LossPercent: f.Loss(), JitterMS: milliseconds(f.Jitter)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Registrations implements api.Server.
func (s *Server) Registrations() []api.Registration {
	cfg := s.Config()
	var list []api.Registration
	for _, c := range s.registrar.All() {
		r := api.Registration{
			Extension: c.Extension, Name: cfg.Extensions[c.Extension].Name, Contact: c.URI, Transport: c.Transport,
			Flow: c.Flow, NAT: c.NAT, UserAgent: c.UserAgent, Since: c.Since, Expires: c.Expires,
			LatencyMS: float64(c.RTT.Microseconds()) / 1000,
		}
		switch c.Status {
		case registrar.Reachable:
			r.Reachable = "yes"
		case registrar.Lost, registrar.Gone:
			r.Reachable = "no"
		}
		list = append(list, r)
	}
	return list
}

// Trunks implements api.Server.
func (s *Server) Trunks() []api.Trunk {
	var list []api.Trunk
	for _, t := range s.trunks.Status() {
		out := api.Trunk{
			Name: t.Name, State: string(t.State), Since: t.Since, Why: t.Why, Next: t.Next, Expires: t.Expires,
			Calls: t.Calls, Channels: t.Limit,
		}
		for _, one := range t.Servers {
			out.Servers = append(out.Servers, api.TrunkServer{
				Transport: one.Transport, Address: one.Addr.String(), Alive: one.Alive, Since: one.Since, Why: one.Why,
				LatencyMS: float64(one.RTT.Microseconds()) / 1000,
			})
		}
		list = append(list, out)
	}
	return list
}

// Features implements api.Server: the numbers of features and of conferences.
func (s *Server) Features() []api.Feature {
	f, mailboxes := s.Config().Features, len(s.Config().Mailboxes()) > 0
	var list []api.Feature
	for _, row := range []api.Feature{
		{Number: f.Echo, Name: "echo", Text: "Sends back what it hears."},
		{Number: f.Tone, Name: "tone", Text: fmt.Sprintf("Plays a steady tone of %d Hz.", dialplan.ToneHz)},
		{Number: f.Music, Name: "music", Text: "Plays music, of the class default."},
		{Number: f.Milliwatt, Name: "milliwatt", Text: "Plays 1004 Hz at 0 dBm0, to measure levels with."},
		{Number: f.Delay, Name: "delay", Text: "Sends back what it hears two seconds later."},
		{Number: f.Silence, Name: "silence", Text: "Says nothing."},
		{Number: f.Sweep, Name: "sweep", Text: "Glides from 300 to 3400 Hz in ten seconds."},
		{Number: f.Keys, Name: "keys", Text: "Sends back the keys that are pressed."},
		{Number: f.Block, Name: "block", Text: "Refuses the last caller from outside from now on, or the number dialled behind it."},
		{Number: f.Unblock, Name: "unblock", Text: "Lets that caller in again."},
		{Number: f.Pickup, Name: "pickup", Text: "Takes the call that rings in a group of the extension, or at the extension or group dialled behind it."},
		{Number: f.Intercom, Name: "intercom", Text: "Talks with the extension dialled behind it, whose phone answers by itself."},
		{Number: f.Voicemail, Name: "voicemail", Text: "Plays the messages of the extension that calls."},
		{Number: f.VoicemailPickUp, Name: "voicemail_pick_up", Text: "Talks with who is leaving the extension a message."},
		{Number: f.VoicemailAny, Name: "voicemail_any", Text: "Plays the messages of an extension, for its PIN."},
		{Number: f.VoicemailLeave, Name: "voicemail_leave", Text: "Takes a message for the extension dialled behind it."},
	} {
		if row.Number != "" && (mailboxes || !strings.HasPrefix(row.Name, "voicemail")) {
			list = append(list, row)
		}
	}
	if p := s.Config().Parking; p.Slots != "" {
		if p.Dial != "" {
			list = append(list, api.Feature{Number: p.Dial, Name: "park", Text: "Parks who is transferred there in the first slot that is free."})
		}
		list = append(list, api.Feature{Number: p.Slots, Name: "parking slots", Text: "Parks who is transferred there, and gets who is parked there."})
	}
	for _, c := range f.Settings.List() {
		list = append(list, api.Feature{Number: c.Number, Name: c.Name, Text: c.Text})
	}
	return append(list, s.conferenceNumbers()...)
}

// SetLogLevel implements api.Server.
func (s *Server) SetLogLevel(level string) error {
	var l slog.Level
	switch level {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return err
	}
	s.Level.Set(l)
	return nil
}

// SetTrace implements api.Server.
func (s *Server) SetTrace(on bool) {
	s.trace.Store(on)
	s.edge.SetTrace(on)
}

// CDRs implements api.Server.
func (s *Server) CDRs(filter storage.CDRFilter, yield func(storage.CDR) bool) error {
	return s.store.CDRs(filter, yield)
}
