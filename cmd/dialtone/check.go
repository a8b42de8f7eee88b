package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dialtone/config"
)

type checkCommand struct {
	File string `arg:"" optional:"" default:"dialtone.yaml" placeholder:"FILE" help:"The configuration (default: ${default})."`
	JSON bool   `name:"json" help:"Print JSON, for programs."`
	// Format is how findings are printed.
	Format string `placeholder:"text" enum:"text,json,github" default:"text" help:"text, json, or github: annotations for its CI."`
}

// Help is part of dialtone check --help.
func (checkCommand) Help() string {
	return `Everything that is wrong is printed at once, with its place in the file, the reason and, where there is one, the remedy. Files that the configuration includes are checked with it. It is read as the server reads it: passwords from the environment have to be there.

The exit code is 0 when the server would take it, also with warnings, and 1 when not.

    dialtone check dialtone.yaml
JSON has of each finding its file, line and column, the key, a code that says what kind of mistake it is, the reason, the remedy and the excerpt.

    dialtone check --json dialtone.yaml | jq -r '.mistakes[] | .code + " " + .reason'
    dialtone check --format github dialtone.yaml`
}

// checkResult is what --json prints.
type checkResult struct {
	OK         bool          `json:"ok"`
	Files      []string      `json:"files"`
	Extensions int           `json:"extensions"`
	Mistakes   config.Errors `json:"mistakes"`
	Warnings   config.Errors `json:"warnings"`
}

// Run prints what is wrong.
func (c checkCommand) Run(t terminal) error {
	loaded, err := config.Read(c.File)
	var found config.Errors
	if err != nil && !errors.As(err, &found) {
		return err
	}
	result := checkResult{OK: err == nil, Files: append([]string{}, loaded.Files...), Mistakes: append(config.Errors{}, found.Failures()...)}
	result.Warnings = append(config.Errors{}, loaded.Warnings...)
	if result.OK {
		result.Extensions = len(loaded.Config.Extensions)
	}
	switch {
	case c.JSON || c.Format == "json":
		err = t.printJSON(result)
	case c.Format == "github":
		err = t.annotate(result)
	default:
		err = c.print(t, result)
	}
	if err == nil && !result.OK {
		err = errFailed
	}
	return err
}

// annotate writes findings as GitHub Actions reads them from a log.
func (t terminal) annotate(result checkResult) error {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for _, e := range slices.Concat(result.Mistakes, result.Warnings) {
		level := "error"
		if e.Warning {
			level = "warning"
		}
		text := e.Reason
		if e.Path != "" {
			text = e.Path + ": " + text
		}
		if e.Remedy != "" {
			text += "; " + e.Remedy
		}
		if _, err := fmt.Fprintf(t.out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", level,
			property.Replace(e.File), max(e.Line, 1), max(e.Column, 1), e.Code(), message.Replace(text)); err != nil {
			return err
		}
	}
	return nil
}

func (c checkCommand) print(t terminal, result checkResult) error {
	fmt.Fprint(t.out, result.Mistakes.Report(), result.Warnings.Report())
	if !result.OK {
		_, err := fmt.Fprintf(t.out, "%s: %s, %s\n", c.File, count(len(result.Mistakes), "mistake"), count(len(result.Warnings), "warning"))
		return err
	}
	_, err := fmt.Fprintf(t.out, "%s is right: %s, %s, %s\n", c.File,
		count(len(result.Files), "file"), count(result.Extensions, "extension"), count(len(result.Warnings), "warning"))
	return err
}
