package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// page is all files of the page, ready to be sent.
type page struct{ files map[string]*file }

type file struct {
	kind         string
	plain        []byte
	packed       func() []byte // gzip, made when it is first asked for; nil when that is not worth it
	sum          string
	neverChanges bool
}

const worthPacking = 1024

func readPage(from fs.FS) (*page, error) {
	p := &page{files: map[string]*file{}}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".gz") {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		f := &file{
			kind: kindOf(name), plain: b, neverChanges: strings.HasPrefix(name, "assets/"),
			sum:    base64.RawURLEncoding.EncodeToString(sum[:12]),
			packed: sync.OnceValue(func() []byte { return pack(b) }),
		}
		p.files["/"+name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web phone: %w", err)
	}
	if p.files["/index.html"] == nil {
		return nil, fmt.Errorf("web phone: index.html is missing")
	}
	p.files["/"] = p.files["/index.html"]
	return p, nil
}

func kindOf(name string) string {
	switch path.Ext(name) {
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	case ".md":
		return "text/plain; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// pack is b compressed, nil when that saves little.
func pack(b []byte) []byte {
	if len(b) < worthPacking {
		return nil
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = z.Write(b) // into memory
	_ = z.Close()
	if out.Len() > len(b)*9/10 {
		return nil
	}
	return out.Bytes()
}

// takesGzip reads what is in Accept-Encoding (RFC 9110 §12.5.3).
func takesGzip(accept []string) bool {
	for coding := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, q, _ := strings.Cut(weight, "=")
		f, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err != nil || f > 0
	}
	return false
}

// ServeHTTP sends a file of the page.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.files[r.URL.Path]
	if f == nil || changes(r.Method) {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	if f.neverChanges {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	b, tag := f.plain, f.sum
	if packed := f.packed(); packed != nil {
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Values("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			b, tag = packed, tag+".gz"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}
