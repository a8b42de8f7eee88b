package jitter

import "dialtone/media/codec"

// decoders keeps the decoders of the formats that a source changes between.
type decoders struct {
	make func(f codec.Format, rate int) (codec.Decoder, error)
	rate int
	list [4]decoder
	turn int
	last *decoder
}

type decoder struct {
	format        *codec.Format
	value         codec.Format // the address may change without the format
	codec.Decoder              // nil: there is none
}

// of gives the decoder for f, nil when there is none. changed says that it is not
// the one of before.
func (d *decoders) of(f *codec.Format) (dec codec.Decoder, changed bool) {
	if d.last != nil && d.last.format == f {
		return d.last.Decoder, false
	}
	found := d.find(f)
	changed = d.last != found
	d.last = found
	return found.Decoder, changed
}

func (d *decoders) find(f *codec.Format) *decoder {
	for i := range d.list {
		if e := &d.list[i]; e.format == f || e.format != nil && e.value.Same(*f) && e.value.Fmtp == f.Fmtp {
			e.format = f
			return e
		}
	}
	e := &d.list[d.turn]
	d.turn = (d.turn + 1) % len(d.list)
	e.drop()
	e.format, e.value = f, *f
	if made, err := d.make(*f, d.rate); err == nil {
		e.Decoder = made
	}
	return e
}

// current is the decoder that was used last, nil when there is none.
func (d *decoders) current() codec.Decoder {
	if d.last == nil {
		return nil
	}
	return d.last.Decoder
}

// forget makes the next source begin with fresh decoders.
func (d *decoders) forget() {
	d.close()
	d.last = nil
}

func (d *decoders) close() {
	for i := range d.list {
		d.list[i].drop()
	}
}

func (d *decoder) drop() {
	if d.Decoder != nil {
		d.Close()
	}
	*d = decoder{}
}
