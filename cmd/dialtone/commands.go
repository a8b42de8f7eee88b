package main

// commandLine is every command; each is in a file of its name.
type commandLine struct {
	Serve      serveCommand      `cmd:"" default:"withargs" help:"Run the exchange; this is what dialtone without a command does."`
	Init       initCommand       `cmd:"" help:"Write a configuration to start from."`
	Check      checkCommand      `cmd:"" help:"Find the mistakes in a configuration."`
	Diff       diffCommand       `cmd:"" help:"Say what a changed configuration would change."`
	Fmt        fmtCommand        `cmd:"" help:"Bring configuration files into their usual form."`
	Import     importCommand     `cmd:"" help:"Make a configuration of what you have elsewhere."`
	Test       testCommand       `cmd:"" help:"Run the tests of a dialplan."`
	Route      routeCommand      `cmd:"" help:"Say where a call would go, and why."`
	Explain    explainCommand    `cmd:"" help:"Say where a call went, and why."`
	Doctor     doctorCommand     `cmd:"" help:"Find out why phones or browsers do not work."`
	Ctl        ctlCommand        `cmd:"" help:"Ask or tell a running Dialtone something."`
	Docs       docsCommand       `cmd:"" help:"Print the reference of the configuration, its schema or a sample."`
	Completion completionCommand `cmd:"" help:"Print a script that completes commands in a shell."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	PrintVersion versionFlag `name:"version" hidden:"" help:"Print the version."`
}

// Help is the end of dialtone --help.
func (commandLine) Help() string {
	return `Without a configuration, Dialtone makes up ten phone accounts and prints what to type into two phones:

    dialtone

With one:

    dialtone init
    dialtone check dialtone.yaml
    dialtone serve --config dialtone.yaml`
}
