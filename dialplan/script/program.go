package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// MaxSource is how long a program may be, in bytes.
const MaxSource = 64 << 10

// Error is what is wrong in a program, or went wrong in it; line and column are
// from 1, 0 when the whole is meant.
type Error struct {
	Line, Column int
	Reason       string
}

// Error is line:column: reason.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Reason)
}

// Word is a text that stands in a program.
type Word struct {
	Text         string
	Line, Column int
}

// Program is a program that was compiled. It is immutable.
type Program struct {
	program *starlark.Program
	// Sets are the variables that it may set.
	Sets []Word
	// Gotos and Hangups are the targets and causes that are written as texts.
	Gotos, Hangups []Word
	// Anywhere says that it can go to more than Gotos.
	Anywhere bool
	// Reads are the variables of the call that are written as texts.
	Reads []string
	// ReadsAny says that it can read more than Reads.
	ReadsAny bool
	sets     map[string]bool
}

// names of what a program calls to act on the call.
const (
	nameCall   = "call"
	nameSet    = "set"
	nameGoto   = "goto"
	nameHangup = "hangup"
)

// Compile reads a program and gives all that is wrong with it.
func Compile(source string) (*Program, []*Error) {
	if len(source) > MaxSource {
		return nil, []*Error{{Reason: fmt.Sprintf("the program is longer than %d KiB", MaxSource>>10)}}
	}
	options := &syntax.FileOptions{TopLevelControl: true, GlobalReassign: true, While: true}
	file, err := options.Parse("script", source, 0)
	if err != nil {
		return nil, errorsOf(err)
	}
	p := &Program{sets: map[string]bool{}}
	p.collect(file)
	w := &rewriter{}
	w.statements(file.Stmts)
	if len(w.found) > 0 {
		return nil, w.found
	}
	compiled, err := starlark.FileProgram(file, func(name string) bool {
		return slices.Contains([]string{nameCall, nameSet, nameGoto, nameHangup, fnBinary, fnInPlace, fnMade, fnAttr}, name) || guardedUniverse(name)
	})
	if err != nil {
		return nil, errorsOf(err)
	}
	p.program = compiled
	return p, nil
}

// errorsOf gives the places of what the parser or resolver found.
func errorsOf(err error) []*Error {
	var list resolve.ErrorList
	var one syntax.Error
	switch {
	case errors.As(err, &list):
		var out []*Error
		for _, e := range list {
			out = append(out, &Error{int(e.Pos.Line), int(e.Pos.Col), plain(e.Msg)})
		}
		return out
	case errors.As(err, &one):
		return []*Error{{int(one.Pos.Line), int(one.Pos.Col), plain(one.Msg)}}
	}
	return []*Error{{Reason: err.Error()}}
}

// plain says more clearly what newcomers run into.
func plain(message string) string {
	if name, ok := strings.CutPrefix(message, "undefined: "); ok {
		name, _, _ = strings.Cut(name, " ")
		return fmt.Sprintf("%q is not defined; variables of the call are call[\"NAME\"]", name)
	}
	return message
}

// collect notes what a program may do to the call.
func (p *Program) collect(file *syntax.File) {
	gotos, reads := 0, 0
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Ident:
			switch n.Name {
			case nameGoto:
				gotos++
			case nameCall:
				reads++
			}
		case *syntax.IndexExpr:
			p.read(n)
		}
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			return true
		}
		fn, ok := call.Fn.(*syntax.Ident)
		if !ok {
			return true
		}
		switch fn.Name {
		case nameSet:
			for _, arg := range call.Args {
				if key := keyword(arg); key != nil {
					p.Sets = append(p.Sets, Word{key.Name, int(key.NamePos.Line), int(key.NamePos.Col)})
					p.sets[key.Name] = true
				}
			}
		case nameGoto:
			p.Gotos = appendText(p.Gotos, call.Args)
		case nameHangup:
			p.Hangups = appendText(p.Hangups, call.Args)
		}
		return true
	})
	p.Anywhere, p.ReadsAny = gotos > len(p.Gotos), reads > len(p.Reads)
}

// read notes call["NAME"].
func (p *Program) read(n *syntax.IndexExpr) {
	x, ok := n.X.(*syntax.Ident)
	l, text := n.Y.(*syntax.Literal)
	if ok && text && x.Name == nameCall && l.Token == syntax.STRING {
		p.Reads = append(p.Reads, l.Value.(string))
	}
}

// keyword is the name of an argument name=value, nil of others.
func keyword(arg syntax.Expr) *syntax.Ident {
	if b, ok := arg.(*syntax.BinaryExpr); ok && b.Op == syntax.EQ {
		name, _ := b.X.(*syntax.Ident)
		return name
	}
	return nil
}

// appendText adds the first argument when it is written as a text.
func appendText(list []Word, args []syntax.Expr) []Word {
	if len(args) == 0 {
		return list
	}
	l, ok := args[0].(*syntax.Literal)
	if !ok || l.Token != syntax.STRING {
		return list
	}
	return append(list, Word{l.Value.(string), int(l.TokenPos.Line), int(l.TokenPos.Col) + 1})
}
