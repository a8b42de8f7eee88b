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
	tag          string
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
			tag:    `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
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

// ServeHTTP sends a file of the page.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.files[r.URL.Path]
	if f == nil || changes(r.Method) {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache")
	if f.neverChanges {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	b := f.plain
	if packed := f.packed(); packed != nil {
		h.Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			b = packed
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}
