package script

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.starlark.net/starlark"
)

// Bounds of one run.
const (
	MaxSteps = 200_000 // of the interpreter
	MaxTime  = 500 * time.Millisecond
)

// Result is what a program wants. Only one of Goto and Hangup is set.
type Result struct {
	Set     map[string]string
	Goto    string // a context, or CONTEXT/ROUTE
	To      string // the number to go on with
	Hangup  string // a cause
	Printed []string
}

const maxPrinted = 20

// errDone ends a program that said where to go on.
var errDone = errors.New("the program is over")

// Run runs the program with the variables of a call. What it set before an
// Error is not in the Result.
func (p *Program) Run(ctx context.Context, variables map[string]string) (Result, error) {
	r := &run{program: p, result: Result{Set: map[string]string{}}}
	thread := &starlark.Thread{Name: "script", Print: func(_ *starlark.Thread, text string) {
		if len(r.result.Printed) < maxPrinted {
			r.result.Printed = append(r.result.Printed, text)
		}
	}}
	thread.SetMaxExecutionSteps(MaxSteps)
	thread.OnMaxSteps = func(t *starlark.Thread) {
		t.Cancel(fmt.Sprintf("it takes more than %d steps", MaxSteps))
	}
	thread.SetLocal(meterKey, &meter{})
	late := time.AfterFunc(MaxTime, func() { thread.Cancel("it takes longer than " + MaxTime.String()) })
	defer late.Stop()
	defer context.AfterFunc(ctx, func() { thread.Cancel("the call is over") })()
	_, err := p.program.Init(thread, r.names(variables))
	switch {
	case err == nil, errors.Is(err, errDone):
		return r.result, nil
	case ctx.Err() != nil:
		return Result{}, context.Cause(ctx)
	}
	return Result{Printed: r.result.Printed}, located(err)
}

// located says where a program failed.
func located(err error) *Error {
	out := &Error{Reason: err.Error()}
	var e *starlark.EvalError
	if !errors.As(err, &e) {
		return out
	}
	for i := range e.CallStack {
		if pos := e.CallStack.At(i).Pos; pos.Filename() == "script" {
			out.Line, out.Column = int(pos.Line), int(pos.Col)
			break
		}
	}
	return out
}

// run is one run of a program.
type run struct {
	program *Program
	result  Result
}

// names are what the program knows.
func (r *run) names(variables map[string]string) starlark.StringDict {
	call := starlark.NewDict(len(variables))
	for name, value := range variables {
		_ = call.SetKey(starlark.String(name), starlark.String(value)) // a new dict takes any text
	}
	call.Freeze()
	out := starlark.StringDict{
		nameCall:   call,
		nameSet:    starlark.NewBuiltin(nameSet, r.set),
		nameGoto:   starlark.NewBuiltin(nameGoto, r.goOn),
		nameHangup: starlark.NewBuiltin(nameHangup, r.hangup),
	}
	for name, value := range guards() {
		out[name] = value
	}
	return out
}

// set is set(name = value, ...).
func (r *run) set(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		return nil, errors.New(`set: write set(name = "value")`)
	}
	for _, pair := range kwargs {
		name, _ := starlark.AsString(pair[0])
		if !r.program.sets[name] {
			return nil, fmt.Errorf("set: write out the name, as in set(%s = ...)", name)
		}
		switch v := pair[1].(type) {
		case starlark.String:
			r.result.Set[name] = string(v)
		case starlark.Int:
			r.result.Set[name] = v.String()
		case starlark.Bool:
			r.result.Set[name] = map[bool]string{true: "true", false: "false"}[bool(v)]
		default:
			return nil, fmt.Errorf("set: %s is to be a %s; only texts, whole numbers and truth values can be", name, v.Type())
		}
	}
	return starlark.None, nil
}

// goOn is goto(target, to = number).
func (r *run) goOn(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &r.result.Goto, "to?", &r.result.To); err != nil {
		return nil, err
	}
	if r.result.Goto == "" {
		return nil, errors.New("goto: the target is empty")
	}
	return nil, errDone
}

// hangup is hangup(cause).
func (r *run) hangup(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	r.result.Hangup = "normal"
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "cause?", &r.result.Hangup); err != nil {
		r.result.Hangup = ""
		return nil, err
	}
	return nil, errDone
}
