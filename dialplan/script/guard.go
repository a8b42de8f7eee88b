package script

import (
	"errors"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Names of what a program is rewritten to; no name in a program can be one.
const (
	fnBinary  = "%binary"  // (operator, x, y)
	fnInPlace = "%inplace" // (operator, x, y), for x op= y
	fnMade    = "%made"    // (value)
	fnAttr    = "%attr"    // (value, name)
)

// guardedUniverse reports whether a name of the language is replaced by one that
// weighs.
func guardedUniverse(name string) bool {
	_, ok := starlark.Universe[name].(*starlark.Builtin)
	return ok
}

// guards are the functions that weigh.
func guards() starlark.StringDict {
	out := starlark.StringDict{
		fnBinary:  starlark.NewBuiltin(fnBinary, binary),
		fnInPlace: starlark.NewBuiltin(fnInPlace, inPlace),
		fnMade:    starlark.NewBuiltin(fnMade, made),
		fnAttr:    starlark.NewBuiltin(fnAttr, attr),
	}
	for name, v := range starlark.Universe {
		if b, ok := v.(*starlark.Builtin); ok && name != nameSet {
			out[name] = guarded(b)
		}
	}
	out["getattr"] = starlark.NewBuiltin("getattr", attr)
	return out
}

// multiplies are functions whose result can be as long as the product of what
// they are given.
var multiplies = []string{"replace", "join", "format"}

// guarded is b with what it is given and what it gives weighed.
func guarded(b *starlark.Builtin) *starlark.Builtin {
	return starlark.NewBuiltin(b.Name(), func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		all := make([]starlark.Value, 0, 1+len(args)+len(kwargs))
		all = append(all, b.Receiver())
		all = append(all, args...)
		for _, pair := range kwargs {
			all = append(all, pair[1])
		}
		lazy := b.Name() == "range"
		if !lazy {
			if err := bounded(all...); err != nil {
				return nil, err
			}
		}
		if slices.Contains(multiplies, b.Name()) {
			if err := product(b.Receiver(), all[1:]...); err != nil {
				return nil, err
			}
		}
		// Not b.CallInternal: an error is to be that of this function.
		v, err := starlark.Call(thread, b, args, kwargs)
		if err != nil {
			var e *starlark.EvalError
			if errors.As(err, &e) && e.Unwrap() != nil {
				err = e.Unwrap()
			}
			return nil, err
		}
		if lazy {
			return v, nil
		}
		for _, arg := range all[1:] { // what a list takes in
			if err := charge(thread, arg); err != nil {
				return nil, err
			}
		}
		return v, charge(thread, v)
	})
}

// product refuses when all of args for each byte of v would be too big.
func product(v starlark.Value, args ...starlark.Value) error {
	each := 1
	for _, a := range args {
		each += weigh(a, maxValue)
	}
	if (weigh(v, maxValue)+1)*each > maxMade {
		return errMuch
	}
	return nil
}

// attr is value.name.
func attr(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v, fallback starlark.Value
	var name string
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 2, &v, &name, &fallback); err != nil {
		return nil, err
	}
	if x, ok := v.(starlark.HasAttrs); ok {
		got, err := x.Attr(name)
		if err != nil {
			return nil, err
		}
		if method, ok := got.(*starlark.Builtin); ok {
			return guarded(method), nil
		}
		if got != nil {
			return got, nil
		}
	}
	if fallback != nil {
		return fallback, nil
	}
	return nil, errors.New(v.Type() + " has no ." + name)
}

// made weighs a value that was put together.
func made(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return args[0], charge(thread, args[0])
}

// operands are the operator and the two sides of a rewritten expression.
func operands(args starlark.Tuple) (op syntax.Token, x, y starlark.Value, err error) {
	n, err := starlark.AsInt32(args[0])
	if err == nil {
		err = bounded(args[1], args[2])
	}
	return syntax.Token(n), args[1], args[2], err
}

// binary is x op y.
func binary(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	op, x, y, err := operands(args)
	if err != nil {
		return nil, err
	}
	switch op {
	case syntax.EQL, syntax.NEQ, syntax.LT, syntax.LE, syntax.GT, syntax.GE:
		yes, err := starlark.Compare(op, x, y)
		return starlark.Bool(yes), err
	case syntax.STAR:
		err = errors.Join(repeated(x, y), repeated(y, x))
	case syntax.LTLT:
		if n, e := starlark.AsInt32(y); e == nil && n > maxValue {
			err = errBig
		}
	case syntax.PERCENT:
		if _, text := x.(starlark.String); text {
			err = product(x, y)
		}
	}
	if err != nil {
		return nil, err
	}
	v, err := starlark.Binary(op, x, y)
	if err != nil {
		return nil, err
	}
	return v, charge(thread, v)
}

// repeated refuses n copies of v that would be too big.
func repeated(v, n starlark.Value) error {
	count, ok := n.(starlark.Int)
	if _, number := v.(starlark.Int); !ok || number {
		return nil
	}
	if i, small := count.Int64(); !small && count.Sign() > 0 || i > maxValue || i > 0 && int(i)*weigh(v, maxValue) > 2*maxValue {
		return errBig
	}
	return nil
}

// inPlace is what x op= y makes of x: a list grows where it is.
func inPlace(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	op, x, y, err := operands(args)
	list, ok := x.(*starlark.List)
	if err != nil || !ok || op != syntax.PLUS {
		return binary(thread, b, args, kwargs)
	}
	more, ok := y.(starlark.Iterable)
	if !ok {
		return binary(thread, b, args, kwargs)
	}
	var items []starlark.Value
	for item := range starlark.Elements(more) {
		items = append(items, item)
	}
	for _, item := range items {
		if err := list.Append(item); err != nil {
			return nil, err
		}
	}
	return list, charge(thread, y)
}
