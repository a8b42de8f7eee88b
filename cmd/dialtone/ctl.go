package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"dialtone/pbx/api"
)

type ctlCommand struct {
	Socket string `placeholder:"PATH" env:"DIALTONE_SOCKET" help:"The control socket of the server."`
	Data   string `placeholder:"DIR" help:"The data folder of the server; the socket is in it."`
	Config string `placeholder:"FILE" help:"The configuration of the server; it names the data folder."`
	JSON   bool   `name:"json" help:"Print JSON, for programs."`

	Status        ctlStatus        `cmd:"" help:"How the server is."`
	Calls         ctlCalls         `cmd:"" help:"The calls in progress."`
	Registrations ctlRegistrations `cmd:"" help:"The phones that are registered."`
	Subscriptions ctlSubscriptions `cmd:"" help:"Who watches what: lamps and other subscriptions."`
	Trunks        ctlTrunks        `cmd:"" help:"The lines to the outside."`
	Extension     ctlExtension     `cmd:"" help:"What extensions have set for themselves."`
	Features      ctlFeatures      `cmd:"" help:"The numbers that Dialtone answers itself."`
	Parked        ctlParked        `cmd:"" help:"The calls that are parked."`
	Conferences   ctlConferences   `cmd:"" help:"The conferences, and who is in them."`
	Conference    ctlConference    `cmd:"" help:"Mute, remove, lock, end... in a conference."`
	CDR           ctlCDR           `cmd:"" name:"cdr" help:"The records of calls that ended."`
	Hangup        ctlHangup        `cmd:"" help:"End a call."`
	Menus         ctlMenus         `cmd:"" help:"What callers did in the menus."`
	Music         ctlMusic         `cmd:"" help:"The music on hold: what is heard, and whose it is."`
	Quality       ctlQuality       `cmd:"" help:"How the audio of a call is."`
	Mailboxes     ctlMailboxes     `cmd:"" help:"The mailboxes, and how many messages they have."`
	Messages      ctlMessages      `cmd:"" help:"The messages of a mailbox: list, export, delete."`
	Chats         ctlChats         `cmd:"" help:"What extensions have written to each other."`
	Recordings    ctlRecordings    `cmd:"" help:"The recordings of calls: list, export, delete, verify."`
	Record        ctlRecord        `cmd:"" help:"Record a call, or stop that, or pause."`
	Block         ctlBlock         `cmd:"" help:"Refuse calls from a number."`
	Unblock       ctlUnblock       `cmd:"" help:"Take calls from a number again."`
	Blocked       ctlBlocked       `cmd:"" help:"The numbers whose calls are refused."`
	List          ctlList          `cmd:"" help:"Lists of callers that the dialplan looks at."`
	Reload        ctlReload        `cmd:"" help:"Read the configuration again."`
	LogLevel      ctlLogLevel      `cmd:"" help:"Change how much is logged."`
	Trace         ctlTrace         `cmd:"" help:"Log every SIP message, or stop that."`
}

// Help is part of dialtone ctl --help.
func (ctlCommand) Help() string {
	return `The server is found by its control socket: the one that --socket or $DIALTONE_SOCKET names, the one in --data, the one in the data folder that --config names. Without any of these: that of ./dialtone.yaml, ./` + defaultData + ` or ` + systemData + `, the first that is there. Only the user that runs the server, and root, may open it.

    dialtone ctl status
    dialtone ctl calls --json
    dialtone ctl cdr --since today --party 100`
}

// Where a server's data is when nobody says.
const (
	defaultConfig = "dialtone.yaml"
	defaultData   = "dialtone-data"
	systemData    = "/var/lib/dialtone"
)

// client reaches the server that the flags name.
func (c *ctlCommand) client() (*api.Client, error) {
	path, err := c.socketPath()
	if err != nil {
		return nil, err
	}
	return api.NewClient(path), nil
}

func (c *ctlCommand) socketPath() (string, error) {
	switch {
	case c.Socket != "":
		return c.Socket, nil
	case c.Data != "":
		return filepath.Join(c.Data, api.SocketName), nil
	case c.Config != "":
		data, err := dataFolder(c.Config)
		return filepath.Join(data, api.SocketName), err
	}
	if exists(defaultConfig) {
		data, err := dataFolder(defaultConfig)
		return filepath.Join(data, api.SocketName), err
	}
	local, system := filepath.Join(defaultData, api.SocketName), filepath.Join(systemData, api.SocketName)
	if !exists(local) && exists(system) {
		return system, nil
	}
	return local, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// printJSON writes v for programs, and for people who look at what they get.
func (t terminal) printJSON(v any) error {
	encoder := json.NewEncoder(t.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
