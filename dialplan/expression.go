package dialplan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Bounds of an expression. It has no loops, and what it makes is at most so big,
// so its time is bounded too.
const (
	maxExpression      = 1000 // characters
	maxExpressionNodes = 200
	maxExpressionBytes = 10_000
)

// expression is a condition that was compiled and checked.
type expression struct {
	program *vm.Program
	names   []string // of the variables and functions that it uses
}

// Function is what an expression can call.
type Function struct {
	Name string
	Says string // what it gives, as a sentence
	typ  any
	bind func(*Run) any
}

// Functions are those that expressions have besides lower, upper, trim, len,
// int, indexOf and split.
func Functions() []Function { return functions[:] }

var functions = [...]Function{
	{
		"busy", "Whether an extension is in a call: busy(\"101\").", func(string) bool { return false },
		func(r *Run) any { return func(x string) bool { return r.Phones.Busy(x) } },
	},
	{
		"registered", "Whether a phone of an extension can be reached: registered(to).", func(string) bool { return false },
		func(r *Run) any { return func(x string) bool { return r.Phones.Registered(x) } },
	},
	{
		"open", "Whether a schedule is open now: open(\"office\").", func(string) bool { return false },
		func(r *Run) any { return r.open },
	},
	{
		"country", "The country of a number, as two letters: country(to).", func(string) string { return "" },
		func(r *Run) any { return r.plan.numbering.country },
	},
	{
		"e164", "A number as +, country code and number: e164(to).", func(string) string { return "" },
		func(r *Run) any { return r.plan.numbering.e164 },
	},
}

func (r *Run) open(name string) bool {
	s := r.plan.schedules[name]
	if s == nil {
		return false
	}
	open, _ := s.Open(r.now())
	return open
}

// words of the expression language, which no variable may be called.
var reserved = [...]string{
	"and", "or", "not", "in", "if", "else", "let", "true", "false", "nil", "matches", "contains", "startsWith", "endsWith", "header",
}

// environment gives each name an expression may use a value of its type.
func environment(vars map[string]bool) map[string]any {
	env := map[string]any{"header": map[string]string{}}
	for name := range vars {
		env[name] = ""
	}
	for _, v := range builtin {
		env[v.Name] = ""
	}
	env[verifiedVariable] = false
	for _, f := range functions {
		env[f.Name] = f.typ
	}
	return env
}

// compileExpression checks source against env. An error is a *file.Error when it
// has a place.
func compileExpression(source string, env map[string]any) (*expression, error) {
	if len(source) > maxExpression {
		return nil, fmt.Errorf("an expression has at most %d characters", maxExpression)
	}
	seen := &names{}
	options := []expr.Option{
		expr.Env(env), expr.AsBool(), expr.MaxNodes(maxExpressionNodes), expr.DisableAllBuiltins(), expr.Patch(seen),
	}
	for _, name := range [...]string{"lower", "upper", "trim", "len", "int", "indexOf", "split"} {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(source, options...)
	if err != nil {
		return nil, err
	}
	return &expression{program, seen.list}, nil
}

// names collects the identifiers of an expression.
type names struct{ list []string }

// Visit implements ast.Visitor.
func (n *names) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok {
		n.list = append(n.list, id.Value)
	}
}

// holds evaluates the condition for a call.
func (e *expression) holds(r *Run) (bool, error) {
	if e == nil {
		return false, errors.New("the condition was not compiled")
	}
	env := make(map[string]any, len(e.names))
	for _, name := range e.names {
		env[name] = r.value(name)
	}
	machine := vm.VM{MemoryBudget: maxExpressionBytes}
	out, err := machine.Run(e.program, env)
	if err != nil {
		return false, errors.New(firstLine(err.Error()))
	}
	yes, _ := out.(bool)
	return yes, nil
}

// value is what a name stands for in an expression.
func (r *Run) value(name string) any {
	switch name {
	case "header":
		return r.Facts.Headers
	case verifiedVariable:
		return r.verified()
	}
	for i := range functions {
		if functions[i].Name == name {
			return functions[i].bind(r)
		}
	}
	return r.lookup(name)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// placeOf says where in an expression an error is, from 0.
func placeOf(err error) (line, column int, message string) {
	var e *file.Error
	if !errors.As(err, &e) {
		return 0, 0, firstLine(err.Error())
	}
	return max(e.Line-1, 0), e.Column, strings.TrimSpace(e.Message)
}
