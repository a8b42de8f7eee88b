// Package pbx puts the rooms of the house together: a Server starts them in
// order, stops them in reverse, and swaps what a reload changes.
package pbx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/music"
	"dialtone/media/rtp"
	"dialtone/media/turn"
	"dialtone/media/webrtc"
	"dialtone/pbx/api"
	"dialtone/pbx/call"
	"dialtone/pbx/lists"
	"dialtone/pbx/messages"
	"dialtone/pbx/notify"
	"dialtone/pbx/processor"
	"dialtone/pbx/recording"
	"dialtone/pbx/registrar"
	"dialtone/pbx/settings"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/sipevents"
	"dialtone/pbx/sipmessage"
	"dialtone/pbx/sipreg"
	"dialtone/pbx/siptrunk"
	"dialtone/pbx/sipua"
	"dialtone/pbx/speech"
	"dialtone/pbx/toll"
	"dialtone/pbx/voicemail"
	"dialtone/pbx/web"
	"dialtone/storage"
	"dialtone/storage/bolt"
)

// goodbye is how long phones have to hear that their call was ended by a stop.
const goodbye = time.Second

// delivery is how long webhooks and mail that wait may take in a stop.
const delivery = 5 * time.Second

// Options say what to serve and where to keep it.
type Options struct {
	ConfigPath string // "": no file, accounts are made in DataDir
	DataDir    string // overrides what the configuration says; "" does not
	Log        *slog.Logger
	Level      *slog.LevelVar // the level of Log, which ctl and reloads change
	Trace      bool           // log every SIP message
	Version    string
	// Now is the clock of the dialplan; nil is that of the machine.
	Now func() time.Time
	// Web, unless nil, is put between the dialplan and what asks web servers for it.
	Web func(dialplan.Web) dialplan.Web
}

// Server is a whole PBX. Start it once, Close it once.
type Server struct {
	Options
	holder  *config.Holder
	data    string
	started time.Time

	store      storage.Store
	certs      *certificates
	registrar  *registrar.Registrar
	engine     *rtp.Engine
	hub        *webrtc.Hub // nil when there is no audio with browsers
	edge       *sipedge.Edge
	phones     *sipreg.Service
	trunks     *siptrunk.Trunks
	ua         *sipua.UA
	board      *call.Switchboard
	web        *notify.Web
	outbox     *notify.Outbox
	speech     *speech.Speech
	music      *music.Service
	voicemail  *voicemail.Service
	recordings *recording.Service
	messages   *messages.Service
	messaging  *sipmessage.Service
	subs       *sipevents.Service
	plan       atomic.Pointer[dialplan.Plan]
	lists      *lists.Lists
	settings   *settings.Settings
	browser    *web.Server
	relay      *turn.Server
	alerts     alerts
	stalls     *processor.Watch
	checker    *checker
	trace      atomic.Bool
	draining   atomic.Bool

	stop   context.CancelFunc // ends what runs beside the calls
	tasks  sync.WaitGroup
	saved  context.CancelFunc // lets the registrar save for the last time
	saving sync.WaitGroup

	leave   context.CancelFunc // has the trunks unregister
	leaving sync.WaitGroup

	mu         sync.Mutex
	lastReload api.LastReload
	refusal    refusal // of the last reload that was refused
}

// ErrDataInUse says that another server has the data folder open.
var ErrDataInUse = storage.ErrInUse

// New reads the configuration. Nothing is opened until Start.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, checker: newChecker(), started: time.Now(), stop: func() {}, saved: func() {}, leave: func() {}}
	s.Log = slog.New(watched{Handler: o.Log.Handler(), alerts: &s.alerts})
	var err error
	if o.ConfigPath != "" {
		s.holder, err = config.Open(o.ConfigPath)
	} else {
		var accounts string
		if accounts, _, err = config.Accounts(o.DataDir); err == nil {
			s.holder, err = config.OpenDefault(o.DataDir, accounts)
		}
	}
	if err != nil {
		return nil, err
	}
	s.data = s.Config().Data
	if o.DataDir != "" {
		s.data = o.DataDir
	}
	s.trace.Store(o.Trace)
	s.plan.Store(planOf(s.holder.Loaded()))
	return s, nil
}

// Config is the configuration in force; it must not be changed.
func (s *Server) Config() *config.Config { return s.holder.Load() }

// Start opens the store and the sockets, and serves until Close. After an error
// Close must still be called.
func (s *Server) Start(ctx context.Context) error {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := s.open(); err != nil {
		return err
	}
	if err := s.wire(); err != nil {
		return err
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.edge.Listen(ctx); err != nil {
		return err
	}
	s.browser.Listen(ctx)
	control, err := api.Listen(filepath.Join(s.data, api.SocketName))
	if err != nil {
		return err
	}
	return s.serve(ctx, control)
}

// open opens what is on the disk, and the media engine.
func (s *Server) open() (err error) {
	store, err := bolt.Open(filepath.Join(s.data, bolt.FileName))
	if err != nil {
		return err
	}
	s.store = store
	if s.certs, err = openCertificates(s.Config(), s.data, func(name string) *tls.Certificate { return s.browser.Public(name) }); err != nil {
		return err
	}
	first, last := s.Config().Media.PortRange()
	if s.engine, err = rtp.New(rtp.Options{First: first, Last: last, Log: s.Log}); err != nil {
		return err
	}
	if port := s.Config().Media.WebRTCPort; port != 0 && len(s.Config().Web.Listen) > 0 {
		if s.hub, err = webrtc.New(s.webrtc(port)); err != nil {
			return err
		}
	}
	if s.lists, err = lists.Open(lists.Options{Store: s.store, Config: s.Config, Log: s.Log}); err != nil {
		return err
	}
	s.settings, err = settings.Open(settings.Options{
		Store: s.store, Config: s.Config, Plan: s.plan.Load, Log: s.Log, Judge: toll.Judge, Board: func() settings.Board { return s.board },
	})
	if err != nil {
		return err
	}
	s.registrar, err = registrar.New(registrar.Options{Store: s.store, Config: s.Config, Log: s.Log})
	return err
}

// serve starts everything that runs beside the calls.
func (s *Server) serve(ctx context.Context, control net.Listener) error {
	watcher, err := config.Watch(s.holder.Watched)
	if err != nil {
		return errors.Join(fmt.Errorf("watching the configuration: %w", err), control.Close())
	}
	s.engine.Start()
	if s.hub != nil {
		if err := s.hub.Start(); err != nil {
			s.Log.Error("there is no audio with browsers: media.webrtc_port cannot be used", "error", err)
		}
	}
	saving, saved := context.WithCancel(context.WithoutCancel(ctx))
	s.saved = saved
	s.saving.Go(func() { s.registrar.Run(saving) })
	registered, leave := context.WithCancel(context.WithoutCancel(ctx))
	s.leave = leave
	s.leaving.Go(func() {
		if err := s.trunks.Run(registered); err != nil {
			s.Log.Error("a part of the server stopped", "part", "trunks", "error", err)
		}
	})
	for name, run := range map[string]func(context.Context) error{
		"sip":        s.edge.Run,
		"control":    func(ctx context.Context) error { return api.New(s, s.Log).Serve(ctx, control) },
		"watch":      func(ctx context.Context) error { return watcher.Run(ctx, func() { s.reloadChanged() }) },
		"prune":      func(ctx context.Context) error { s.prune(ctx); return nil },
		"voicemail":  s.voicemail.Run,
		"recordings": s.recordings.Run,
		"messages":   func(ctx context.Context) error { return s.messages.Run(ctx, s.messaging.Send) },
		"settings":   s.settings.Run,
		"lamps":      s.subs.Run,
		"web":        s.browser.Run,
		"relay":      s.relayUDP,
		"processor":  func(ctx context.Context) error { s.stalls.Run(ctx); return nil },
		"qualify":    func(ctx context.Context) error { s.phones.Run(ctx); return nil },
	} {
		s.tasks.Go(func() {
			if err := run(ctx); err != nil {
				s.Log.Error("a part of the server stopped", "part", name, "error", err)
			}
		})
	}
	return nil
}

// wire makes the parts that speak SIP and tells them of each other.
func (s *Server) wire() (err error) {
	s.edge, err = sipedge.New(sipedge.Options{
		Config: s.Config, TLS: s.certs.config(), Log: s.Log, Registered: s.expected,
	})
	if err != nil {
		return err
	}
	s.SetTrace(s.Trace)
	s.trunks = siptrunk.New(siptrunk.Options{Edge: s.edge, Config: s.Config, Log: s.Log})
	s.edge.OnClose(s.trunks.FlowGone)
	auth := sipauth.New(sipauth.Options{Config: s.Config, Log: s.Log})
	s.phones = sipreg.New(sipreg.Options{Edge: s.edge, Auth: auth, Registrar: s.registrar, Config: s.Config, Log: s.Log})
	s.ua = sipua.New(sipua.Options{
		Edge: s.edge, Auth: auth, Registrar: s.registrar, Trunks: s.trunks, Engine: s.engine, Browsers: s.hub, Config: s.Config, Log: s.Log,
		Accept: func(leg call.Inbound, facts dialplan.Facts) *dialplan.Ended { return s.board.Accept(leg, facts) },
		TakeOver: func(leg call.Inbound, facts dialplan.Facts, t call.Taking) *dialplan.Ended {
			return s.board.TakeOver(leg, facts, t)
		},
		Transfer: func(ctx context.Context, leg string, t call.Transfer) error { return s.board.Transfer(ctx, leg, t) },
	})
	s.web, s.outbox = notify.NewWeb(), notify.New(notify.Options{Config: s.Config, Log: s.Log})
	var servers dialplan.Web = s.web
	if s.Web != nil {
		servers = s.Web(servers)
	}
	s.speech = speech.New(speech.Options{Config: s.Config, Folder: filepath.Join(s.data, "speech"), Log: s.Log})
	s.music = music.New(music.Options{Log: s.Log})
	s.music.Configure(musicOf(s.Config()))
	s.subs = sipevents.New(sipevents.Options{Edge: s.edge, Auth: auth, Registrar: s.registrar, Store: s.store, Config: s.Config, Log: s.Log})
	messages := s.subs.Messages(func(mailbox string) (sipevents.Counts, error) {
		c, err := s.voicemail.Counts(mailbox)
		return sipevents.Counts(c), err
	})
	s.voicemail, err = voicemail.Open(voicemail.Options{Store: s.store, Config: s.Config, Data: s.data, Mailer: s.outbox, Transcriber: s.speech, Log: s.Log})
	if err != nil {
		return err
	}
	s.voicemail.Watch(messages.Changed)
	s.recordings, err = recording.Open(recording.Options{Store: s.store, Config: s.Config, Data: s.data, Log: s.Log})
	if err != nil {
		return err
	}
	if err := s.wireMessages(auth); err != nil {
		return err
	}
	s.stalls = processor.New(processor.Options{Calls: func() int { return s.board.Len() + s.board.Checks() }, Log: s.Log})
	s.board = call.NewSwitchboard(call.Options{
		Dialer: s.ua, Plan: s.plan.Load, Config: s.Config, Records: recorded{s}, Log: s.Log, Now: s.Now,
		Web: servers, Outbox: s.outbox, Speech: s.speech, Hearing: s.speech, Music: s.music, Voicemail: s.voicemail, Recordings: s.recordings,
		Guard: toll.New(toll.Options{Config: s.Config, Log: s.Log}), Lists: s.lists, Settings: s.settings, Stalled: func() time.Duration { return s.stalls.Stalls().Total },
	})
	s.subs.Lamps(s.board, func(extension string) bool { return s.settings.Of(extension).DND })
	s.settings.Watch(s.subs.Features(s.settings))
	s.subs.Registrations()
	if err := s.wireWeb(auth); err != nil {
		return err
	}
	return s.subs.Restore()
}

// expected says whether an address is that of a phone which is registered, or of a
// trunk: they may send more than others.
func (s *Server) expected(from netip.AddrPort) bool {
	return s.registrar.ByFlow(from) || s.trunks.From(from.Addr())
}

// prune deletes records that are older than calls.keep_records, once a day.
func (s *Server) prune(ctx context.Context) {
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		if keep := s.Config().Calls.KeepRecords.D(); keep > 0 {
			n, err := s.store.Prune(time.Now().Add(-keep))
			if err != nil {
				s.Log.Error("old call records were not deleted", "error", err)
			} else if n > 0 {
				s.Log.Info("old call records deleted", "records", n, "older_than", keep)
			}
		}
		select {
		case <-daily.C:
		case <-ctx.Done():
			return
		}
	}
}

// Drain takes no new calls and returns when none is left, or with ctx.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	s.ua.Drain()
	return s.board.Drain(ctx)
}

// Close ends all calls, keeps their records and stops. It may be called after a
// Start that failed.
func (s *Server) Close() error {
	s.draining.Store(true)
	if s.board != nil {
		s.board.Close()
		s.recordings.Close()
		s.speech.Close()
		s.music.Close()
		s.deliver()
	}
	if s.ua != nil {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		s.ua.Close(ctx)
		cancel()
	}
	s.leave() // while there are sockets
	s.leaving.Wait()
	s.stop()
	s.tasks.Wait()
	if s.edge != nil {
		s.edge.Close() // for a Start that failed after it had bound its sockets
	}
	if s.browser != nil {
		s.browser.Close()
	}
	if s.relay != nil {
		s.relay.Close()
	}
	s.saved()
	s.saving.Wait()
	if s.hub != nil {
		s.hub.Close()
	}
	if s.engine != nil {
		s.engine.Close()
	}
	if s.store != nil {
		return s.store.Close()
	}
	return nil
}

// deliver sends what calls have left behind.
func (s *Server) deliver() {
	ctx, cancel := context.WithTimeout(context.Background(), delivery)
	defer cancel()
	s.outbox.Close(ctx)
	s.web.Close()
}
