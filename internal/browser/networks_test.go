package browser

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// network is one of its own, which only a process of ours keeps alive: nothing of it is
// left when this process ends, however it does.
type network struct {
	t   *testing.T
	pid int
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	holder := exec.Command("cat") // ends when nobody writes to it
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := holder.Start(); err != nil {
		t.Fatalf("a network of its own cannot be made: %v: this test needs root, or CAP_SYS_ADMIN and CAP_NET_ADMIN, and a kernel with network namespaces", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = holder.Wait()
	})
	n := &network{t, holder.Process.Pid}
	n.do("ip", "link", "set", "lo", "up")
	return n
}

// enter is a command line that runs in the network.
func (n *network) enter() []string {
	return []string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", n.pid)}
}

func (n *network) do(line ...string) {
	n.t.Helper()
	line = append(n.enter(), line...)
	if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v: %s", strings.Join(line, " "), err, out)
	}
}

// wrap is a program that runs another one in the network.
func (n *network) wrap(program string) string {
	n.t.Helper()
	file := filepath.Join(n.t.TempDir(), filepath.Base(program))
	text := fmt.Sprintf("#!/bin/sh\nexec %s '%s' \"$@\"\n", strings.Join(n.enter(), " "), program)
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		n.t.Fatal(err)
	}
	return file
}

// Addresses of the networks, and ports of the server.
const (
	officeAddress  = "10.77.2.2"
	browserAddress = "10.77.1.2"
	pagePort       = 8443
	audioPort      = 8444
)

// internet is a browser's network and the server's, with a firewall between them.
type internet struct{ browser, firewall, office *network }

func newInternet(t *testing.T) *internet {
	t.Helper()
	i := &internet{newNetwork(t), newNetwork(t), newNetwork(t)}
	for _, side := range []struct {
		n                      *network
		link, address, gateway string
	}{{i.browser, "outside", browserAddress, "10.77.1.1"}, {i.office, "inside", officeAddress, "10.77.2.1"}} {
		i.firewall.do("ip", "link", "add", side.link, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(side.n.pid))
		i.firewall.do("ip", "address", "add", side.gateway+"/24", "dev", side.link)
		i.firewall.do("ip", "link", "set", side.link, "up")
		// Chromium takes an address that comes later for another network, and asks anew.
		i.firewall.do("ip", "link", "set", side.link, "addrgenmode", "none")
		side.n.do("ip", "link", "set", "eth0", "addrgenmode", "none")
		side.n.do("ip", "address", "add", side.address+"/24", "dev", "eth0")
		side.n.do("ip", "link", "set", "eth0", "up")
		side.n.do("ip", "route", "add", "default", "via", side.gateway)
	}
	i.firewall.do("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	return i
}

// Protocols by their numbers: a small machine has no list of names.
const (
	ipTCP = "6"
	ipUDP = "17"
)

// dropUDP lets no UDP through, without a word.
func (i *internet) dropUDP() {
	i.firewall.do("ip", "rule", "add", "pref", "10", "blackhole", "ipproto", ipUDP)
}

// onlyPage lets nothing through but connections to the port of the page.
func (i *internet) onlyPage() {
	for _, end := range []string{"dport", "sport"} {
		i.firewall.do("ip", "rule", "add", "pref", "10", "ipproto", ipTCP, end, strconv.Itoa(pagePort), "lookup", "main")
	}
	for _, link := range []string{"outside", "inside"} {
		i.firewall.do("ip", "rule", "add", "pref", "11", "blackhole", "iif", link)
	}
}
