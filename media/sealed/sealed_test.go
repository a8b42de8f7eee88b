package sealed

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"filippo.io/age"
)

// pair makes a pair of keys.
func pair(tb testing.TB) (*age.X25519Identity, Key) {
	tb.Helper()
	private, err := age.GenerateX25519Identity()
	if err != nil {
		tb.Fatal(err)
	}
	public, err := ParseKey(private.Recipient().String())
	if err != nil {
		tb.Fatal(err)
	}
	return private, public
}

// open gives what age makes of a file, and how that ends.
func open(t *testing.T, file []byte, key age.Identity) ([]byte, error) {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(file), key)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// disk is a file that counts how often it was synced, and may be full.
type disk struct {
	bytes.Buffer
	syncs int
	most  int
}

var errFull = errors.New("no space left")

func (d *disk) Write(b []byte) (int, error) {
	if d.most > 0 && d.Len()+len(b) > d.most {
		return 0, errFull
	}
	return d.Buffer.Write(b)
}

func (d *disk) Sync() error { d.syncs++; return nil }

// sound is n bytes that are not all the same.
func sound(n int) []byte {
	b, r := make([]byte, n), rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestEachKeyOpensIt(t *testing.T) {
	private1, public1 := pair(t)
	private2, public2 := pair(t)
	stranger, _ := pair(t)
	for _, n := range []int{0, 1, Pending - 1, Pending, Pending + 1, 3 * Pending} {
		file, said := &disk{}, sound(n)
		w, err := NewWriter(file, []Key{public1, public2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(said); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil || file.syncs == 0 {
			t.Fatal(err, file.syncs)
		}
		for _, private := range []age.Identity{private1, private2} {
			if got, err := open(t, file.Bytes(), private); err != nil || !bytes.Equal(got, said) {
				t.Errorf("%d bytes come back as %d, %v", n, len(got), err)
			}
		}
		if got, err := open(t, file.Bytes(), stranger); err == nil || len(got) > 0 {
			t.Errorf("somebody else's key opens it")
		}
	}
}

// TestWhatIsSealedStaysReadable cuts files off anywhere, as when the power fails.
func TestWhatIsSealedStaysReadable(t *testing.T) {
	private, public := pair(t)
	file, said := &disk{}, sound(1<<20)
	w, err := NewWriter(file, []Key{public})
	if err != nil {
		t.Fatal(err)
	}
	header := file.Len()
	const chunk = Pending + 16 // with what proves that nobody changed it
	for at := 0; at < len(said); at += 3200 {
		if _, err := w.Write(said[at:min(at+3200, len(said))]); err != nil {
			t.Fatal(err)
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		if at%17 != 0 {
			continue
		}
		got, err := open(t, file.Bytes(), private)
		if err == nil {
			t.Error("a file that is not whole looks as if it were")
		}
		if !bytes.HasPrefix(said, got) || len(got) < at+3200-Pending {
			t.Fatalf("of %d bytes %d are read", at+3200, len(got))
		}
	}
	whole := file.Bytes()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n := header + 16 + r.IntN(len(whole)-header-16)
		got, _ := open(t, whole[:n], private)
		if want := (n - header - 16) / chunk * Pending; !bytes.HasPrefix(said, got) || len(got) < want {
			t.Fatalf("cut off at %d of %d bytes: %d are read, want %d", n, len(whole), len(got), want)
		}
	}
}

func TestAFullDiskIsToldOf(t *testing.T) {
	_, public := pair(t)
	file := &disk{most: 2 * Pending}
	w, err := NewWriter(file, []Key{public})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(sound(4 * Pending)); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if _, err := NewWriter(&disk{most: 1}, []Key{public}); err == nil || !strings.Contains(err.Error(), errFull.Error()) {
		t.Error(err)
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	_, public := pair(t)
	w, err := NewWriter(io.Discard, []Key{public})
	if err != nil {
		t.Fatal(err)
	}
	said := sound(3200)
	if n := testing.AllocsPerRun(200, func() { _, _ = w.Write(said) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKeys(t *testing.T) {
	private, public := pair(t)
	if k, err := ParseKey(public.String()); err != nil || k.String() != public.String() {
		t.Error(k, err)
	}
	for _, test := range []struct{ key, says string }{
		{"", "no public key"},
		{"age1", "no public key"},
		{public.String()[:40], "no public key"},
		{"ssh-ed25519 AAAA", "no public key"},
		{private.String(), "private key"},
		{strings.ToLower(private.String()), "private key"},
	} {
		_, err := ParseKey(test.key)
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%.10q: %v, want %s", test.key, err, test.says)
		}
		if err != nil && strings.Contains(err.Error(), private.String()[20:]) {
			t.Error("the error tells the private key")
		}
	}
	if _, err := NewWriter(io.Discard, nil); err == nil {
		t.Error("a file is sealed that nobody can open")
	}
}
