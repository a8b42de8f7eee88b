package registrar_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/pbx/registrar"
)

// populate registers n extensions and gives the requests that refresh them.
func populate(f *fixture, n int) []registrar.Request {
	requests := make([]registrar.Request, n)
	for i := range requests {
		req := f.request(contact(fmt.Sprintf("sip:%d@192.0.2.7:5060;transport=udp", i), time.Hour))
		req.Extension, req.CallID = strconv.Itoa(1000+i), fmt.Sprint("call-", i)
		req.Flow.Remote = netip.AddrPortFrom(req.Flow.Remote.Addr(), uint16(1024+i))
		requests[i] = req
		f.update(req)
	}
	return requests
}

// BenchmarkRegister is one refresh with 10,000 phones registered.
func BenchmarkRegister(b *testing.B) {
	f := start(b)
	requests := populate(f, 10_000)
	cseq := f.cseq
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		req := requests[i%len(requests)]
		cseq++
		req.CSeq = cseq
		f.update(req)
		i++
	}
}

// BenchmarkRegisterParallel is the same from all cores, each with its own phones.
func BenchmarkRegisterParallel(b *testing.B) {
	f := start(b)
	requests := populate(f, 10_000)
	var cseq atomic.Uint32
	cseq.Store(f.cseq)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := cseq.Add(1)
			req := requests[int(n)%len(requests)]
			req.CSeq, req.CallID = n, strconv.FormatUint(uint64(n), 10)
			if _, err := f.reg.Update(req); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkByFlow is what each packet pays.
func BenchmarkByFlow(b *testing.B) {
	f := start(b)
	requests := populate(f, 10_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if !f.reg.ByFlow(requests[i%len(requests)].Flow.Remote) {
				b.Error("not known")
			}
		}
	})
}
