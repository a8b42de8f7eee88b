package media

// Camera is where a video comes from, as to who sees it. None of its methods blocks, and
// each may be called as often as a far side likes: what is too much is left out.
type Camera interface {
	// Refresh asks for a picture that can be shown without those before it.
	Refresh()
	// Missing says that the packet seq of source ssrc never came, nor seq+1+n for each bit
	// n of more (RFC 4585 §6.2.1).
	Missing(ssrc uint32, seq, more uint16)
	// Limit says how many bits a second there is room for.
	Limit(bits uint64)
	// Fares says which part is lost on the way to who sees it, of 256.
	Fares(lost uint8)
}

// VideoEndpoint is where the video of one leg comes from and goes to: packets that are
// passed on as they are. Write does nothing there.
type VideoEndpoint interface {
	Endpoint
	Camera
	// Watch says whose video is forwarded here, and hears what the far side wants of it;
	// nil is nobody's. Forget takes c away if it still is the one.
	Watch(c Camera)
	Forget(c Camera)
	// Taken tells the far side when the picture with a timestamp of source ssrc was
	// taken, by our clock in the format of NTP (RFC 3550 §6.4.1).
	Taken(ssrc uint32, ntp uint64, time uint32)
}

// Visual is an endpoint that may have another one beside it, for video.
type Visual interface{ Video() VideoEndpoint }

// VideoOf is the video beside e, nil when there is none.
func VideoOf(e Endpoint) VideoEndpoint {
	if v, ok := e.(Visual); ok {
		return v.Video()
	}
	return nil
}

// Screening is the video of two parties, passed on both ways.
type Screening struct {
	a, b   VideoEndpoint
	ab, ba *picture
}

// picture is the sink of one way.
type picture struct{ to VideoEndpoint }

// Packet implements Sink.
func (s *picture) Packet(p *Packet) { s.to.Forward(p) }

// Taken is told by the endpoint where the picture comes from.
func (s *picture) Taken(ssrc uint32, ntp uint64, time uint32) { s.to.Taken(ssrc, ntp, time) }

// Screen lets two parties see each other as far as both have video: nil when one of them
// has none. before, which may be nil, goes on when it is between the same two; else it
// ends. Who begins to see the other one is shown a whole picture.
func Screen(before *Screening, a, b Endpoint) *Screening {
	va, vb := VideoOf(a), VideoOf(b)
	if before != nil && (before.a != va || before.b != vb) {
		before.Close()
		before = nil
	}
	if va == nil || vb == nil {
		return nil
	}
	s := before
	if s == nil {
		s = &Screening{a: va, b: vb, ab: &picture{vb}, ba: &picture{va}}
		vb.Watch(va)
		va.Watch(vb)
		va.SetSink(s.ab)
		vb.SetSink(s.ba)
	}
	va.Refresh()
	vb.Refresh()
	return s
}

// Close parts the two, unless they have been given to somebody else.
func (s *Screening) Close() {
	if s == nil {
		return
	}
	detach(s.a, s.ab)
	detach(s.b, s.ba)
	s.b.Forget(s.a)
	s.a.Forget(s.b)
}
