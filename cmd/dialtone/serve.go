package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"dialtone/config"
	"dialtone/pbx"
	"dialtone/pbx/api"
)

type serveCommand struct {
	Config   string `placeholder:"FILE" help:"The configuration; ./dialtone.yaml when that exists, else none."`
	Data     string `placeholder:"DIR" help:"Where to keep data, whatever the configuration says."`
	Trace    string `placeholder:"sip" enum:"sip," default:"" help:"Log every SIP message, with passwords masked."`
	LogLevel string `placeholder:"LEVEL" enum:"debug,info,warn,error," default:"" help:"Log this much, whatever the configuration says: debug, info, warn or error."`
}

// Help is part of dialtone serve --help.
func (serveCommand) Help() string {
	return `Without a configuration, Dialtone makes the phone accounts 100 to 109 with random passwords, keeps them in the data folder, and prints what to type into two phones.

The first Ctrl-C (or SIGTERM) takes no new calls and waits for those in progress, the second ends at once. SIGHUP reads the configuration again, as does a change of its files.

    dialtone
    dialtone serve --config /etc/dialtone/dialtone.yaml
    dialtone serve --trace sip --log-level debug`
}

// exchange is a PBX as serve runs it.
type exchange interface {
	Start(context.Context) error
	Addresses() []api.Address
	WebAddresses() []netip.AddrPort
	Config() *config.Config
	Status() api.Status
	Reload() (api.ReloadResult, error)
	// Drain takes no new calls and returns when there are none, or with ctx.
	Drain(context.Context) error
	Close() error
}

// Run serves until a signal ends it.
func (c serveCommand) Run(ctx context.Context, t terminal) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(orElse(c.LogLevel, loaded.cfg.Log.Level))); err != nil {
		return fmt.Errorf("log level: %w", err)
	}
	log := newLog(t.err, loaded.cfg.Log.Format, level, os.Getenv("JOURNAL_STREAM") != "")
	server, err := pbx.New(pbx.Options{
		ConfigPath: loaded.file, DataDir: loaded.dataDir,
		Log: log, Level: level, Trace: c.Trace == "sip" || loaded.cfg.SIP.Trace, Version: version(),
	})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		_ = server.Close() // the reason is err
		switch {
		case errors.Is(err, pbx.ErrDataInUse):
			err = fmt.Errorf("%w. Stop it, or give this one a folder of its own with --data DIR", err)
		case loaded.file == "":
			err = fmt.Errorf("%w\nThere is no configuration yet; %q writes one", err, program()+" init")
		}
		return err
	}
	warnFileLimit(log, loaded.cfg.Calls.Max)
	if err := bannerOf(ctx, server, loaded).print(t.out); err != nil {
		log.Warn("could not print the banner", "error", err)
	}
	return attend(ctx, server, signals, log, t)
}
