package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"
)

// load is one closed loop over any number of connections.
type load struct {
	until   time.Time
	headers []byte
	body    []byte
	// answered is how many bytes the body of a whole answer has.
	answered    int
	connections []*connection
}

// tally is what one connection has seen.
type tally struct {
	micros       []float64
	failed       int
	firstFailure string
}

func (t *tally) fail(what string) {
	t.failed++
	if t.firstFailure == "" {
		t.firstFailure = what
	}
}

func newLoad(until time.Time) *load {
	answerSize := *answer
	if answerSize < 0 {
		answerSize = *size
	}
	return &load{until: until, headers: headerBlock(), body: body(), answered: *messages * (prefixBytes + answerSize)}
}

const prefixBytes = 5

// body is a length-prefixed message whose first four bytes say how many answers are wanted.
func body() []byte {
	framed := make([]byte, prefixBytes+*size)
	binary.BigEndian.PutUint32(framed[1:], uint32(*size))
	for at := range *size {
		framed[prefixBytes+at] = byte(at % 251)
	}
	if *size >= 4 {
		binary.BigEndian.PutUint32(framed[prefixBytes:], uint32(*messages))
	}
	return framed
}

// headerBlock is the same for each call, and puts nothing into the dynamic table, so that it is made once.
func headerBlock() []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0)
	scheme := "http"
	if *ca != "" {
		scheme = "https"
	}
	for _, field := range [][2]string{
		{":method", "POST"}, {":scheme", scheme}, {":path", *path}, {":authority", *addr},
		{"content-type", "application/grpc"}, {"te", "trailers"}, {"user-agent", "millrace-bench-load"},
	} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return block.Bytes()
}

// open adds connections, each with its part of the callers.
func (l *load) open(dial func() (net.Conn, error), connections, callers int) error {
	for at := range connections {
		socket, err := dial()
		if err != nil {
			return err
		}
		share := callers / connections
		if at < callers%connections {
			share++
		}
		l.connections = append(l.connections, newConnection(socket, l, share))
	}
	return nil
}

// run has every caller call until the time is over and every call has ended. The connections stay open.
func (l *load) run() []*tally {
	var group sync.WaitGroup
	tallies := make([]*tally, len(l.connections))
	for at, connection := range l.connections {
		tallies[at] = &connection.tally
		group.Go(connection.run)
	}
	group.Wait()
	return tallies
}
