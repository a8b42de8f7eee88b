package media

// Echo sends everything that arrives at e back to where it came from, until stop
// is called.
func Echo(e Endpoint) (stop func()) {
	s := &relay{to: e}
	e.SetSink(s)
	return func() { detach(e, s) }
}
