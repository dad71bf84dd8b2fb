// load calls one method of a gRPC server in a closed loop and prints one JSON object. It speaks HTTP/2 by itself, so that one core of it
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
	"slices"
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
	ca          = flag.String("ca", "", "PEM file of the authority: calls over TLS")
	hold        = flag.Bool("hold", false, "one call on each connection, then a line \"ready\" and silence until stdin ends")
)

// result is what is printed.
type result struct {
	OK                int     `json:"ok"`
	Failed            int     `json:"failed"`
	FirstFailure      string  `json:"first_failure,omitempty"`
	Seconds           float64 `json:"seconds"`
	RPS               float64 `json:"rps"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	P50               float64 `json:"p50_us"`
	P99               float64 `json:"p99_us"`
}

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

// measure runs the closed loop and prints its result.
func measure(dial func() (net.Conn, error)) error {
	load := newLoad(time.Now().Add(*duration))
	if err := load.open(dial, *connections, *callers); err != nil {
		return err
	}
	start := time.Now()
	tallies := load.run()
	return json.NewEncoder(os.Stdout).Encode(summary(tallies, time.Since(start).Seconds()))
}

// holdOpen opens the connections one after another, has each serve one call, and keeps them until stdin ends.
func holdOpen(dial func() (net.Conn, error)) error {
	load := newLoad(time.Now())
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

func summary(tallies []*tally, seconds float64) result {
	r := result{Seconds: seconds}
	var micros []float64
	for _, t := range tallies {
		micros = append(micros, t.micros...)
		r.Failed += t.failed
		if r.FirstFailure == "" {
			r.FirstFailure = t.firstFailure
		}
	}
	slices.Sort(micros)
	r.OK = len(micros)
	r.RPS = float64(r.OK) / seconds
	r.MessagesPerSecond = r.RPS * float64(*messages)
	r.P50, r.P99 = quantile(micros, 0.5), quantile(micros, 0.99)
	return r
}

func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*share))]
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
