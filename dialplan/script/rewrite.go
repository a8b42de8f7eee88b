package script

import (
	"strconv"

	"go.starlark.net/syntax"
)

// rewriter puts calls of the functions in guard.go into a program, in the place
// of what may make values grow.
type rewriter struct{ found []*Error }

func (w *rewriter) fail(at syntax.Position, reason string) {
	w.found = append(w.found, &Error{int(at.Line), int(at.Col), reason})
}

func (w *rewriter) statements(list []syntax.Stmt) {
	for _, s := range list {
		w.statement(s)
	}
}

func (w *rewriter) statement(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		w.assignment(s)
	case *syntax.DefStmt:
		w.parameters(s.Params)
		w.statements(s.Body)
	case *syntax.ExprStmt:
		s.X = w.expression(s.X)
	case *syntax.ForStmt:
		w.target(s.Vars)
		s.X = w.expression(s.X)
		w.statements(s.Body)
	case *syntax.WhileStmt:
		s.Cond = w.expression(s.Cond)
		w.statements(s.Body)
	case *syntax.IfStmt:
		s.Cond = w.expression(s.Cond)
		w.statements(s.True)
		w.statements(s.False)
	case *syntax.ReturnStmt:
		if s.Result != nil {
			s.Result = w.expression(s.Result)
		}
	case *syntax.LoadStmt:
		w.fail(s.Load, "a script cannot load other files")
	}
}

// assignment rewrites x op= y to x = x op y, which evaluates x twice: that is
// the same only when x is simple.
func (w *rewriter) assignment(s *syntax.AssignStmt) {
	if s.Op == syntax.EQ {
		w.target(s.LHS)
		s.RHS = w.expression(s.RHS)
		return
	}
	var read syntax.Expr
	switch x := s.LHS.(type) {
	case *syntax.Ident:
		read = &syntax.Ident{NamePos: x.NamePos, Name: x.Name}
	case *syntax.IndexExpr:
		if a, b := again(x.X), again(x.Y); a != nil && b != nil {
			read = &syntax.IndexExpr{X: a, Lbrack: x.Lbrack, Y: b, Rbrack: x.Rbrack}
		}
	}
	if read == nil {
		w.fail(s.OpPos, "too much on the left of "+s.Op.String()+"; give it a name first")
		return
	}
	op := s.Op - syntax.PLUS_EQ + syntax.PLUS
	s.RHS = call(fnInPlace, s.OpPos, token(op, s.OpPos), read, w.expression(s.RHS))
	s.Op = syntax.EQ
}

// again is a copy of a name or literal, nil of anything else.
func again(e syntax.Expr) syntax.Expr {
	switch x := e.(type) {
	case *syntax.Ident:
		return &syntax.Ident{NamePos: x.NamePos, Name: x.Name}
	case *syntax.Literal:
		twin := *x
		return &twin
	}
	return nil
}

// target rewrites what is within the left side of an assignment.
func (w *rewriter) target(e syntax.Expr) {
	switch x := e.(type) {
	case *syntax.IndexExpr:
		x.X, x.Y = w.expression(x.X), w.expression(x.Y)
	case *syntax.DotExpr:
		x.X = w.expression(x.X)
	case *syntax.ParenExpr:
		w.target(x.X)
	case *syntax.TupleExpr:
		w.targets(x.List)
	case *syntax.ListExpr:
		w.targets(x.List)
	}
}

func (w *rewriter) targets(list []syntax.Expr) {
	for _, e := range list {
		w.target(e)
	}
}

// parameters have defaults, which are expressions.
func (w *rewriter) parameters(list []syntax.Expr) {
	for _, p := range list {
		if b, ok := p.(*syntax.BinaryExpr); ok {
			b.Y = w.expression(b.Y)
		}
	}
}

func (w *rewriter) expressions(list []syntax.Expr) {
	for i := range list {
		list[i] = w.expression(list[i])
	}
}

// expression gives what stands in the place of e.
func (w *rewriter) expression(e syntax.Expr) syntax.Expr {
	switch x := e.(type) {
	case *syntax.BinaryExpr:
		x.X, x.Y = w.expression(x.X), w.expression(x.Y)
		if x.Op == syntax.AND || x.Op == syntax.OR {
			return x
		}
		return call(fnBinary, x.OpPos, token(x.Op, x.OpPos), x.X, x.Y)
	case *syntax.DotExpr:
		name := &syntax.Literal{Token: syntax.STRING, TokenPos: x.NamePos, Raw: strconv.Quote(x.Name.Name), Value: x.Name.Name}
		return call(fnAttr, x.Dot, w.expression(x.X), name)
	case *syntax.Comprehension:
		w.comprehension(x)
		return call(fnMade, x.Lbrack, x)
	case *syntax.SliceExpr:
		w.slice(x)
		return call(fnMade, x.Lbrack, x)
	case *syntax.TupleExpr:
		w.expressions(x.List)
		at, _ := x.Span()
		return call(fnMade, at, x)
	}
	w.within(e)
	return e
}

// within rewrites what is in an expression that itself stays.
func (w *rewriter) within(e syntax.Expr) {
	switch x := e.(type) {
	case *syntax.CallExpr:
		x.Fn = w.expression(x.Fn)
		w.arguments(x.Args)
	case *syntax.CondExpr:
		x.Cond, x.True, x.False = w.expression(x.Cond), w.expression(x.True), w.expression(x.False)
	case *syntax.DictExpr:
		w.expressions(x.List)
	case *syntax.DictEntry:
		x.Key, x.Value = w.expression(x.Key), w.expression(x.Value)
	case *syntax.IndexExpr:
		x.X, x.Y = w.expression(x.X), w.expression(x.Y)
	case *syntax.LambdaExpr:
		w.parameters(x.Params)
		x.Body = w.expression(x.Body)
	case *syntax.ListExpr:
		w.expressions(x.List)
	case *syntax.ParenExpr:
		x.X = w.expression(x.X)
	case *syntax.UnaryExpr:
		if x.X != nil {
			x.X = w.expression(x.X)
		}
	}
}

func (w *rewriter) arguments(args []syntax.Expr) {
	for i, arg := range args {
		switch a := arg.(type) {
		case *syntax.BinaryExpr:
			if a.Op == syntax.EQ { // name=value
				a.Y = w.expression(a.Y)
				continue
			}
		case *syntax.UnaryExpr:
			if a.Op == syntax.STAR || a.Op == syntax.STARSTAR { // *list, **dict
				a.X = w.expression(a.X)
				continue
			}
		}
		args[i] = w.expression(arg)
	}
}

func (w *rewriter) comprehension(x *syntax.Comprehension) {
	for _, clause := range x.Clauses {
		switch c := clause.(type) {
		case *syntax.ForClause:
			w.target(c.Vars)
			c.X = w.expression(c.X)
		case *syntax.IfClause:
			c.Cond = w.expression(c.Cond)
		}
	}
	x.Body = w.expression(x.Body)
}

func (w *rewriter) slice(x *syntax.SliceExpr) {
	x.X = w.expression(x.X)
	for _, bound := range [...]*syntax.Expr{&x.Lo, &x.Hi, &x.Step} {
		if *bound != nil {
			*bound = w.expression(*bound)
		}
	}
}

// call is a call of one of the functions in guard.go.
func call(name string, at syntax.Position, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: name}, Lparen: at, Args: args, Rparen: at}
}

// token is an operator as an argument.
func token(op syntax.Token, at syntax.Position) syntax.Expr {
	return &syntax.Literal{Token: syntax.INT, TokenPos: at, Raw: strconv.Itoa(int(op)), Value: int64(op)}
}
