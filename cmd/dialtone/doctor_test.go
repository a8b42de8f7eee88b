package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/pbx/doctor"
)

func TestDoctorOfAServerThatRuns(t *testing.T) {
	file, _ := writeConfig(t, "127.0.0.1:0")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "web: {listen: []}\ncalls: {max: 20}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serveReal(t.Context(), t, "--config", file)
	server.out.await(t, "is ready for phones.")
	code, out, errOut := dialtone(t, "doctor", "--config", file)
	if code != 0 {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	for _, want := range []string{"configuration  ok       ", "echo           ok       a test call: 100 packets sent, 0.0 % lost", "\nNo problems, ", "\x1b"} {
		if got := strings.Contains(out, want); got == (want == "\x1b") { // colours are for terminals
			t.Errorf("%q: %v in\n%s", want, got, out)
		}
	}
	code, out, errOut = dialtone(t, "doctor", "--config", file, "--json")
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 || !d.OK || d.Problems != 0 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, out, errOut)
	}
	for _, f := range d.Findings {
		if f.Test == "echo" && f.Values["packets"] == 100 {
			return
		}
	}
	t.Errorf("no numbers of the test call in %s", out)
}

func TestDoctorOfAServerThatDoesNotRun(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	file, _ := writeConfig(t, taken.LocalAddr().String())
	code, out, errOut := dialtone(t, "doctor", "--config", file)
	for _, want := range []string{
		"server         -        the server does not run",
		fmt.Sprintf("ports          PROBLEM  UDP %v of sip.udp is taken by another program\n", taken.LocalAddr()),
		"                        > stop that program, or use another port; who has it: ss -lunp",
		"\n1 problem, ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if code != 1 || errOut != "" {
		t.Errorf("exit code %d, %s", code, errOut)
	}
	if code, _, _ := dialtone(t, "doctor", "--config", filepath.Join(t.TempDir(), "none.yaml")); code != 2 {
		t.Errorf("without anything to look at, the exit code is %d", code)
	}
}

// What came from others is no order to a terminal.
func TestDoctorPrintsNothingThatATerminalObeys(t *testing.T) {
	var out strings.Builder
	newClinic(&out).finding(doctor.Finding{Test: "trunks", Level: doctor.Problem, Text: "trunk is failed: \x1b[2J", Do: "\x07"})
	if strings.ContainsAny(out.String(), "\x1b\x07") {
		t.Errorf("%q", out.String())
	}
}
