// Command relay measures what it costs to relay G.711 calls: Dialtone's engine
// beside a bare goroutine per socket and a bare epoll loop, in one run on one
// machine. Each relay is a process of its own; the generator is the parent.
package main
