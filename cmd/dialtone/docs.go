package main

import (
	"dialtone/config"
	"dialtone/pbx/api"
	"dialtone/prompts"
)

type docsCommand struct {
	What string `arg:"" optional:"" enum:"config,schema,sample,api,prompts" default:"config" help:"config (the default), schema, sample, api or prompts."`
}

// Help is part of dialtone docs --help.
func (docsCommand) Help() string {
	return `"config" is the reference of all keys, in Markdown. "schema" is a JSON Schema, with which editors complete and check dialtone.yaml. "sample" is a configuration with every key in comments. "api" is the reference of the control socket. "prompts" are the recordings that come with Dialtone.

    dialtone docs | less
    dialtone docs schema > dialtone.schema.json`
}

// Run prints the page.
func (c docsCommand) Run(t terminal) error {
	var page []byte
	switch c.What {
	case "schema":
		page = config.Schema()
	case "sample":
		page = config.Sample()
	case "api":
		return api.Reference(t.out)
	case "prompts":
		page = prompts.Reference()
	default:
		page = config.Reference()
	}
	_, err := t.out.Write(page)
	return err
}
