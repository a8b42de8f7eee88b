// Dialtone is a telephone exchange in one program: phones register with it and
// call each other. This package is its command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// terminal is where a command writes: what was asked for to out, all else to
// err.
type terminal struct{ out, err io.Writer }

const (
	exitFailed = 1 // it was tried and did not work
	exitUsage  = 2 // the command line makes no sense
	// exitTrouble is that of commands whose exitFailed is an answer, as of diff.
	exitTrouble = 2
)

// exit ends the parser when it has printed help.
type exit int

// failed is the error of a command that has already said what is wrong.
var errFailed = errors.New("failed")

// troubled is an error that ends with exitTrouble.
type troubled struct{ error }

// Unwrap gives what is the matter.
func (t troubled) Unwrap() error { return t.error }

// run does what the command line says and returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) (code int) {
	defer func() {
		if reason := recover(); reason != nil {
			asked, ok := reason.(exit)
			if !ok {
				panic(reason)
			}
			code = int(asked)
		}
	}()
	parser, err := newParser(out, errOut)
	if err != nil {
		fmt.Fprintf(errOut, "dialtone: %v\n", err)
		return exitFailed
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "dialtone: %v\nRun \"%s --help\" to see what there is.\n", err, asked(err, args))
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(terminal{out, errOut}, parser.Model)
	var trouble troubled
	switch {
	case errors.As(err, &trouble):
		fmt.Fprintf(errOut, "dialtone: %v\n", err)
		return exitTrouble
	case err == nil:
		return 0
	case !errors.Is(err, errFailed):
		fmt.Fprintf(errOut, "dialtone: %v\n", err)
	}
	return exitFailed
}

func newParser(out, errOut io.Writer) (*kong.Kong, error) {
	parser, err := kong.New(&commandLine{},
		kong.Name("dialtone"),
		kong.Description("A telephone exchange in one program: SIP phones register with it and call each other."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { panic(exit(code)) }),
	)
	if err != nil {
		return nil, err
	}
	parser.Model.HelpFlag.Help = "Print this."
	return parser, nil
}

// asked is the command in which a command line went wrong.
func asked(err error, args []string) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil && len(args) > 0 {
		node := wrong.Context.Selected()
		if node != nil && strings.HasPrefix(node.FullPath()+" ", "dialtone "+args[0]+" ") { // serve need not be written
			return node.FullPath()
		}
	}
	return "dialtone"
}
