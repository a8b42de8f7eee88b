package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// message is a SIP message as the load tool needs it: header values by line
// search, nothing more.
type message []byte

func (m message) status() int {
	if !bytes.HasPrefix(m, []byte("SIP/2.0 ")) || len(m) < 11 {
		return 0
	}
	n, _ := strconv.Atoi(string(m[8:11]))
	return n
}

func (m message) method() string {
	i := bytes.IndexByte(m, ' ')
	return string(m[:max(i, 0)])
}

// header is the value of the first header with that name, as we and Dialtone
// write it.
func (m message) header(name string) []byte {
	i := bytes.Index(m, []byte("\r\n"+name+": "))
	if i < 0 {
		return nil
	}
	v := m[i+4+len(name):]
	return v[:bytes.IndexByte(v, '\r')]
}

// cseq is the number and the method of the CSeq.
func (m message) cseq() (number int, method string) {
	before, after, _ := strings.Cut(string(m.header("CSeq")), " ")
	number, _ = strconv.Atoi(before)
	return number, after
}

// headers are all lines with that name, complete with CR LF.
func (m message) headers(name string) (lines []byte) {
	for rest := []byte(m); ; {
		i := bytes.Index(rest, []byte("\r\n"+name+": "))
		if i < 0 {
			return lines
		}
		rest = rest[i+2:]
		end := bytes.Index(rest, []byte("\r\n")) + 2
		lines = append(lines, rest[:end]...)
		rest = rest[end-2:]
	}
}

// audioPort is the port of the m=audio line.
func (m message) audioPort() int {
	i := bytes.Index(m, []byte("m=audio "))
	if i < 0 {
		return 0
	}
	var p int
	_, _ = fmt.Sscan(string(m[i+8:min(i+16, len(m))]), &p)
	return p
}

// reply answers request m.
func (m message) reply(status string, extra string, body []byte) []byte {
	b := append([]byte("SIP/2.0 "+status+"\r\n"), m.headers("Via")...)
	b = append(b, m.headers("From")...)
	to := bytes.TrimSuffix(m.headers("To"), []byte("\r\n"))
	b = append(b, to...)
	if !bytes.Contains(to, []byte(";tag=")) {
		b = append(b, ";tag=callee"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, m.headers("Call-ID")...)
	b = append(b, m.headers("CSeq")...)
	b = append(b, extra...)
	return append(fmt.Appendf(b, "Content-Length: %d\r\n\r\n", len(body)), body...)
}

// credentials are one extension's digest state: a nonce that is used again with
// a growing count, as phones do.
type credentials struct {
	user  string
	ha1   string
	realm string
	nonce string
	nc    atomic.Uint32
}

// learn takes the MD5 challenge of a 401.
func (c *credentials) learn(m message) bool {
	for line := range bytes.SplitSeq(m.headers("WWW-Authenticate"), []byte("\r\n")) {
		if !bytes.Contains(line, []byte("MD5")) {
			continue
		}
		c.realm, c.nonce = quoted(line, "realm"), quoted(line, "nonce")
		c.ha1 = md5hex(c.user + ":" + c.realm + ":" + password)
		c.nc.Store(0)
		return c.nonce != ""
	}
	return false
}

func quoted(line []byte, name string) string {
	_, after, _ := bytes.Cut(line, []byte(name+`="`))
	v, _, _ := bytes.Cut(after, []byte(`"`))
	return string(v)
}

// header is the Authorization line, "" before the first challenge.
func (c *credentials) header(method, uri string) string {
	if c.nonce == "" {
		return ""
	}
	nc := fmt.Sprintf("%08x", c.nc.Add(1))
	response := md5hex(c.ha1 + ":" + c.nonce + ":" + nc + ":load:auth:" + md5hex(method+":"+uri))
	return fmt.Sprintf("Authorization: Digest username=%q,realm=%q,nonce=%q,uri=%q,response=%q,algorithm=MD5,cnonce=\"load\",qop=auth,nc=%s\r\n",
		c.user, c.realm, c.nonce, uri, response, nc)
}

func md5hex(s string) string {
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}
