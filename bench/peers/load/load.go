package main

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2/hpack"
)

// load is one loop, closed or open, over any number of connections.
type load struct {
	until   time.Time
	headers []byte
	mix     *mix
	// answered is how many bytes the body of a whole answer has; -1 where that is not known.
	answered    int
	connections []*connection
	// underWay counts the calls of an open loop.
	underWay atomic.Int64
}

// tally is what one connection has seen.
type tally struct {
	// micros has the latencies of each class of bodies.
	micros       [][]float64
	messages     int
	failed       int
	firstFailure string
}

func (t *tally) fail(what string) {
	t.failed++
	if t.firstFailure == "" {
		t.firstFailure = what
	}
}

func newLoad(until time.Time) (*load, error) {
	if *bodies != "" {
		mix, err := readMix(*bodies)
		return &load{until: until, headers: headerBlock(), mix: mix, answered: -1}, err
	}
	answerSize := *answer
	if answerSize < 0 {
		answerSize = *size
	}
	return &load{until: until, headers: headerBlock(), mix: sizedMix(*size, *messages), answered: *messages * (prefixBytes + answerSize)}, nil
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
		l.connections = append(l.connections, newConnection(socket, l, share, *seed+int64(len(l.connections))))
	}
	return nil
}

// start has every connection call; what it returns waits until the time is over and every call has ended. The connections stay open.
func (l *load) start() func() []*tally {
	var group sync.WaitGroup
	tallies := make([]*tally, len(l.connections))
	for at, connection := range l.connections {
		tallies[at] = &connection.tally
		group.Go(connection.run)
	}
	return func() []*tally {
		group.Wait()
		return tallies
	}
}
