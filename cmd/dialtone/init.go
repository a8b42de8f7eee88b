package main

import (
	"fmt"
	"path/filepath"

	"dialtone/config"
	"dialtone/pbx/api"
)

type initCommand struct {
	Config string `default:"dialtone.yaml" placeholder:"FILE" help:"Where to write it (default: ${default})."`
	Data   string `default:"dialtone-data" placeholder:"DIR" help:"The data folder that it names (default: ${default})."`
}

// Help is part of dialtone init --help.
func (initCommand) Help() string {
	return `The file stands for what Dialtone does without one, with every key and its meaning in comments. The phone accounts stay in extensions.yaml in the data folder, which is made when it is not there; phones that are registered notice nothing. A file that is there is never overwritten.

    dialtone init
    dialtone init --config /etc/dialtone/dialtone.yaml --data /var/lib/dialtone`
}

// Run writes the files.
func (c initCommand) Run(t terminal) error {
	if exists(c.Config) { // before anything is made
		return fmt.Errorf("%s is there already and was not touched; choose another name with --config", c.Config)
	}
	if dir := filepath.Dir(c.Config); !exists(dir) {
		return fmt.Errorf("there is no folder %s for %s; make it first", dir, filepath.Base(c.Config))
	}
	accounts, created, err := config.Accounts(c.Data)
	if err != nil {
		return err
	}
	if err := config.WriteInit(c.Config, c.Data); err != nil {
		return err
	}
	kept := "kept"
	if created {
		kept = "new"
	}
	running := ""
	if exists(filepath.Join(c.Data, api.SocketName)) {
		running = "\nThe Dialtone that is running does not know of it yet: stop it and start it again.\n"
	}
	_, err = fmt.Fprintf(t.out, `Wrote %[1]s
Accounts (%[2]s) are in %[3]s

Next:
  %[4]s check %[1]s    finds mistakes after you edited it
  %[4]s serve --config %[1]s
%[5]s`, c.Config, kept, accounts, program(), running)
	return err
}
