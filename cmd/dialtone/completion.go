package main

import (
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is part of dialtone completion --help.
func (completionCommand) Help() string {
	return `To try it, for this shell only:

    source <(dialtone completion bash)
    source <(dialtone completion zsh)
    dialtone completion fish | source

To keep it:

    dialtone completion bash > ~/.local/share/bash-completion/completions/dialtone
    dialtone completion zsh > ~/.zfunc/_dialtone    # with fpath+=~/.zfunc in ~/.zshrc
    dialtone completion fish > ~/.config/fish/completions/dialtone.fish`
}

// Run prints the script.
func (c completionCommand) Run(t terminal, app *kong.Application) error {
	words := completions(app)
	script := ""
	switch c.Shell {
	case "bash":
		script = bashCompletion(words)
	case "zsh":
		script = zshCompletion(words)
	case "fish":
		script = fishCompletion(words)
	}
	_, err := io.WriteString(t.out, script)
	return err
}

// level is what can follow a command.
type level struct {
	path     string // "/ctl/cdr"; "" for dialtone alone
	commands []choice
	flags    []choice
	args     []choice // one for each positional argument, in order
}

// choice is a word to complete, or with a flag the value after it.
type choice struct {
	word, help string
	takes      kind
	values     []string // all there are, for takesWord
}

type kind int

const (
	takesNothing kind = iota
	takesAnything
	takesWord
	takesFile
	takesFolder
)

// completions reads all that can be typed out of the parser's own model.
func completions(app *kong.Application) []level {
	var levels []level
	var walk func(node *kong.Node, path string)
	walk = func(node *kong.Node, path string) {
		l := level{path: path, flags: flagChoices(node)}
		if node.DefaultCmd != nil { // its flags work without its name
			l.flags = flagChoices(node.DefaultCmd)
		}
		for _, arg := range node.Positional {
			l.args = append(l.args, valueChoice(arg))
		}
		for _, child := range node.Children {
			l.commands = append(l.commands, choice{word: child.Name, help: sentence(child.Help)})
		}
		levels = append(levels, l)
		for _, child := range node.Children {
			walk(child, path+"/"+child.Name)
		}
	}
	walk(app.Node, "")
	return levels
}

func flagChoices(node *kong.Node) []choice {
	var flags []choice
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			c := valueChoice(flag.Value)
			c.word = "--" + flag.Name
			if flag.IsBool() {
				c.takes = takesNothing
			}
			flags = append(flags, c)
		}
	}
	return flags
}

func valueChoice(value *kong.Value) choice {
	c := choice{word: value.Name, help: sentence(value.Help), takes: takesAnything}
	place := value.Name
	if value.Flag != nil {
		place = value.Flag.PlaceHolder
	}
	switch {
	case value.Enum != "":
		c.takes, c.values = takesWord, strings.Split(value.Enum, ",")
	case strings.EqualFold(place, "file"), place == "PATH":
		c.takes = takesFile
	case place == "DIR":
		c.takes = takesFolder
	}
	return c
}

// sentence is the first one of a help text, without its stop.
func sentence(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(first, ".")
}
