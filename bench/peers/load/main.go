// load calls one method of a gRPC server in a closed or an open loop and prints one JSON object. It speaks HTTP/2 by itself, so that one core of it
// keeps the fastest of the servers busy: a request is made once, a response is counted and its status read, nothing more.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

var (
	addr        = flag.String("addr", "127.0.0.1:8001", "server address")
	path        = flag.String("path", "/inference.GRPCInferenceService/ModelInfer", "\"/package.Service/Method\"")
	size        = flag.Int("size", 3072, "bytes of the request message; its first four say how many answers are wanted")
	answer      = flag.Int("answer", -1, "bytes of each answer message (-1: as the request)")
	messages    = flag.Int("messages", 1, "answers to each call")
	callers     = flag.Int("callers", 64, "calls under way at one time")
	connections = flag.Int("connections", 8, "connections, which share the callers")
	duration    = flag.Duration("duration", 3*time.Second, "time in which calls are begun")
	bodies      = flag.String("bodies", "", "file of request messages instead of -size: a JSON object a line with class, weight and message (base64)")
	seed        = flag.Int64("seed", 7, "seed of the choice of bodies and of the arrivals")
	rate        = flag.Float64("rate", 0, "open loop: calls that arrive in a second (Poisson), counted from the time at which they should; -callers is not used")
	maxInflight = flag.Int("max-inflight", 20000, "open loop: arrivals over this are dropped")
	ahead       = flag.Int("ahead", 0, "calls are streams, each with so many unanswered messages at a time (0: one message a call)")
	ca          = flag.String("ca", "", "PEM file of the authority: calls over TLS")
	hold        = flag.Bool("hold", false, "one call on each connection, then a line \"ready\" and silence until stdin ends")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	dial, err := dialer()
	if err != nil {
		return err
	}
	if *hold {
		return holdOpen(dial)
	}
	return measure(dial)
}

// measure runs the loop and prints its result.
func measure(dial func() (net.Conn, error)) error {
	load, err := newLoad(time.Now().Add(*duration))
	if err != nil {
		return err
	}
	share := *callers
	if *rate > 0 {
		share = 0
	}
	if err := load.open(dial, *connections, share); err != nil {
		return err
	}
	began, wait := time.Now(), load.start()
	var seen arrivals
	if *rate > 0 {
		seen = load.arrive(*rate, *duration)
	}
	tallies := wait()
	seconds := time.Since(began).Seconds()
	if *rate > 0 {
		// The stragglers' time was not offered to anybody.
		seconds = duration.Seconds()
	}
	return json.NewEncoder(os.Stdout).Encode(summary(tallies, seen, seconds))
}

// holdOpen opens the connections one after another, has each serve one call, and keeps them until stdin ends.
func holdOpen(dial func() (net.Conn, error)) error {
	load, err := newLoad(time.Now())
	if err != nil {
		return err
	}
	for range *connections {
		if err := load.open(dial, 1, 1); err != nil {
			return err
		}
		newest := load.connections[len(load.connections)-1]
		if newest.run(); newest.tally.failed > 0 {
			return errors.New(newest.tally.firstFailure)
		}
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return nil
}

func dialer() (func() (net.Conn, error), error) {
	if *ca == "" {
		return func() (net.Conn, error) { return net.Dial("tcp", *addr) }, nil
	}
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", *ca)
	}
	config := &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}
	return func() (net.Conn, error) { return tls.Dial("tcp", *addr, config) }, nil
}
