package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dialtone/asterisk"
	"dialtone/config"
)

type importCommand struct {
	Extensions importExtensions `cmd:"" help:"Make extensions of a table (CSV)."`
	Asterisk   importAsterisk   `cmd:"" help:"Make a configuration of that of an Asterisk."`
}

// Help is part of dialtone import --help.
func (importCommand) Help() string {
	return `Nothing is written when something is wrong, and no file that is there is overwritten.

    dialtone import extensions phones.csv -o extensions.yaml
    dialtone import asterisk /etc/asterisk -o dialtone.yaml`
}

type importExtensions struct {
	File      string `arg:"" placeholder:"FILE" help:"The table: CSV with headings in its first line."`
	Out       string `short:"o" placeholder:"FILE" help:"Where to write the extensions; without it they are printed, with their passwords."`
	IncludeIn string `placeholder:"FILE" help:"Add the file of --out to include in this configuration."`
}

// Help is part of dialtone import extensions --help.
func (importExtensions) Help() string {
	return `The first line of the table has the headings: number, and keys of extensions such as name, password or permission (see dialtone docs), in any order. Commas, semicolons or tabs divide it. Codecs and other lists are words with spaces between. An extension without a password gets a random one.

    number,name,password
    101,Ann,
    102,"Ben, the boss",kqvt-8mzn-3xwp-r5hc

All that is wrong is printed at once, with line and column. The file is readable by you alone, since there are passwords in it. With --include-in the whole configuration is checked before anything is written.

    dialtone import extensions phones.csv -o extensions.yaml
    dialtone import extensions phones.csv -o extensions.yaml --include-in dialtone.yaml`
}

// Run reads the table and writes the extensions.
func (c importExtensions) Run(t terminal) error {
	if c.IncludeIn != "" && c.Out == "" {
		return errors.New("--include-in needs --out: the file that is to be included")
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	accounts, found := config.ReadAccounts(c.File, data)
	fmt.Fprint(t.err, found.Report())
	if found.Err() != nil {
		return fmt.Errorf("%s has mistakes; nothing was written", c.File)
	}
	text := config.WriteAccounts("Imported from "+filepath.Base(c.File)+".", accounts)
	if c.Out == "" {
		_, err := t.out.Write(text)
		return err
	}
	if err := writeNew(c.Out, text); err != nil {
		return err
	}
	if c.IncludeIn != "" {
		if err := c.include(t); err != nil {
			return errors.Join(err, os.Remove(c.Out))
		}
	}
	made := 0
	for _, a := range accounts {
		if a.Generated {
			made++
		}
	}
	fmt.Fprintf(t.out, "Wrote %s to %s; %s made up.\n", count(len(accounts), "extension"), c.Out,
		map[bool]string{true: "1 password was", false: fmt.Sprintf("%d passwords were", made)}[made == 1])
	if c.IncludeIn != "" {
		fmt.Fprintf(t.out, "%s includes it.\n", c.IncludeIn)
	}
	return nil
}

// include adds the new file to the configuration, when the whole is right then.
func (c importExtensions) include(t terminal) error {
	data, err := os.ReadFile(c.IncludeIn)
	if err != nil {
		return err
	}
	dir := filepath.Dir(c.IncludeIn)
	name := c.Out
	if here, err := filepath.Abs(dir); err == nil {
		if there, err := filepath.Abs(c.Out); err == nil {
			if name, err = filepath.Rel(here, there); err != nil || !filepath.IsLocal(name) {
				name = there
			}
		}
	}
	text, err := config.AddInclude(c.IncludeIn, data, name)
	if err != nil {
		t.complain(err)
		return fmt.Errorf("%s cannot be changed; nothing was written", c.IncludeIn)
	}
	trial := filepath.Join(dir, ".dialtone-import.yaml")
	if err := os.WriteFile(trial, text, 0o600); err != nil {
		return err
	}
	_, _, err = config.Load(trial)
	if err := errors.Join(err, os.Remove(trial)); err != nil {
		var found config.Errors
		if errors.As(err, &found) {
			for _, e := range found {
				e.File = strings.Replace(e.File, trial, c.IncludeIn, 1)
				e.Reason = strings.ReplaceAll(e.Reason, trial, c.IncludeIn)
			}
			err = found.Failures()
		}
		t.complain(err)
		return fmt.Errorf("%s would not be right with it; nothing was written", c.IncludeIn)
	}
	return rewrite(c.IncludeIn, text)
}

// writeNew writes a file that only its owner can read, and never over another.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already and was not touched; choose another name with --out", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

type importAsterisk struct {
	Files  []string `arg:"" placeholder:"PATH" help:"The folder with extensions.conf, pjsip.conf and sip.conf, or these files."`
	Out    string   `short:"o" placeholder:"FILE" help:"Where to write the configuration; without it, it is printed, with its passwords."`
	Report string   `placeholder:"FILE" help:"Where to write what could not be carried over; without it, it is printed after the rest."`
	JSON   bool     `name:"json" help:"Print the report as JSON, for programs."`
}

// Help is part of dialtone import asterisk --help.
func (importAsterisk) Help() string {
	return `Reads extensions.conf, pjsip.conf and sip.conf, with templates, #include and [globals], and makes of them extensions, trunks, schedules and contexts of routes. What Dialtone has no counterpart for is listed by file and line, with what to do about it; where that decides a call, the route says so and refuses the call rather than do something else.

The outcome passes dialtone check. Read the report, and write tests for the routes that matter (see dialtone test --help), before any phone moves. docs/migration.md has the way.

    dialtone import asterisk /etc/asterisk -o dialtone.yaml
    dialtone import asterisk --json extensions.conf pjsip.conf -o dialtone.yaml | jq '.[].text'`
}

// Run converts.
func (c importAsterisk) Run(t terminal) error {
	result, err := asterisk.Convert(c.Files)
	if err != nil {
		return err
	}
	text, err := config.Tidy("dialtone.yaml", result.YAML)
	if err != nil {
		return fmt.Errorf("what came out is not right, please report this: %w", err)
	}
	if c.Out != "" {
		if err := writeNew(c.Out, text); err != nil {
			return err
		}
	} else if _, err := t.out.Write(text); err != nil {
		return err
	}
	out := t.err
	if c.Out != "" {
		out = t.out
	}
	if c.Report != "" {
		return writeNew(c.Report, []byte(result.Report()))
	}
	if c.JSON {
		return terminal{out, t.err}.printJSON(result.Notes)
	}
	_, err = fmt.Fprint(out, result.Report())
	return err
}
