package main

import (
	"bufio"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// Wide enough that the server never waits for us.
	streamWindow = 1<<31 - 1
	topUp        = 1 << 28
	frameBytes   = 16384
)

// call is one call under way.
type call struct {
	began    time.Time
	unsent   []byte
	window   int64
	received int
	status   string
}

// connection is a client's side of an HTTP/2 connection with callers that begin a call as soon as their last one has ended. Everything
// happens in the goroutine that reads; another one writes, so that a server that stops reading until it is read cannot stop us.
type connection struct {
	load    *load
	callers int
	socket  net.Conn
	reader  *bufio.Reader
	framer  *http2.Framer
	decoder *hpack.Decoder
	out     *writer
	tally   tally

	calls         map[uint32]*call
	waiting       []uint32
	nextID        uint32
	current       *call
	window        int64
	initialWindow int64
	unreturned    int
}

func newConnection(socket net.Conn, l *load, callers int) *connection {
	c := &connection{
		load: l, callers: callers, socket: socket, reader: bufio.NewReaderSize(socket, 1<<16), out: newWriter(socket),
		calls: map[uint32]*call{}, nextID: 1, window: 65535, initialWindow: 65535,
	}
	c.framer = http2.NewFramer(c.out, c.reader)
	c.framer.SetReuseFrames()
	c.framer.SetMaxReadFrameSize(1 << 24)
	c.decoder = hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		if field.Name == "grpc-status" && c.current != nil {
			c.current.status = field.Value
		}
	})
	return c
}

// run returns when the time is over and the last call has ended, or when the connection breaks.
func (c *connection) run() {
	_, _ = c.out.Write([]byte(http2.ClientPreface))
	_ = c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow}, http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	_ = c.framer.WriteWindowUpdate(0, streamWindow-65535)
	for range c.callers {
		c.begin()
	}
	c.out.flush()
	for len(c.calls) > 0 {
		if err := c.readFrame(); err != nil {
			c.tally.fail(err.Error())
			return
		}
		if c.reader.Buffered() == 0 {
			c.out.flush()
		}
	}
	c.out.flush()
}

func (c *connection) begin() {
	id := c.nextID
	c.nextID += 2
	c.calls[id] = &call{began: time.Now(), unsent: c.load.body, window: c.initialWindow}
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.load.headers, EndHeaders: true})
	c.send(id)
}

// send sends what the windows allow; what is left waits for a WINDOW_UPDATE.
func (c *connection) send(id uint32) {
	under := c.calls[id]
	for under != nil && len(under.unsent) > 0 {
		length := min(int64(len(under.unsent)), c.window, under.window, frameBytes)
		if length <= 0 {
			c.waiting = append(c.waiting, id)
			return
		}
		part := under.unsent[:length]
		under.unsent = under.unsent[length:]
		c.window -= length
		under.window -= length
		_ = c.framer.WriteData(id, len(under.unsent) == 0, part)
	}
}

func (c *connection) sendWaiting() {
	waiting := c.waiting
	c.waiting = nil
	for _, id := range waiting {
		c.send(id)
	}
}

func (c *connection) readFrame() error {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return err
	}
	switch frame := frame.(type) {
	case *http2.DataFrame:
		c.onData(frame)
	case *http2.HeadersFrame:
		return c.onHeaders(frame)
	case *http2.SettingsFrame:
		return c.onSettings(frame)
	case *http2.WindowUpdateFrame:
		c.onWindowUpdate(frame)
	case *http2.PingFrame:
		if !frame.IsAck() {
			return c.framer.WritePing(true, frame.Data)
		}
	case *http2.RSTStreamFrame:
		c.end(frame.StreamID, fmt.Sprintf("the stream was reset: %v", frame.ErrCode))
	case *http2.GoAwayFrame:
		return fmt.Errorf("GOAWAY %v %s", frame.ErrCode, frame.DebugData())
	}
	return nil
}

func (c *connection) onData(frame *http2.DataFrame) {
	length := len(frame.Data())
	if under := c.calls[frame.StreamID]; under != nil {
		under.received += length
	}
	if c.unreturned += length; c.unreturned >= topUp {
		_ = c.framer.WriteWindowUpdate(0, uint32(c.unreturned))
		c.unreturned = 0
	}
	if frame.StreamEnded() {
		c.end(frame.StreamID, "no trailers")
	}
}

func (c *connection) onHeaders(frame *http2.HeadersFrame) error {
	c.current = c.calls[frame.StreamID]
	if _, err := c.decoder.Write(frame.HeaderBlockFragment()); err != nil {
		return err
	}
	if !frame.HeadersEnded() {
		return fmt.Errorf("a header block of more than one frame")
	}
	if frame.StreamEnded() {
		c.end(frame.StreamID, "")
	}
	return c.decoder.Close()
}

func (c *connection) onSettings(frame *http2.SettingsFrame) error {
	if frame.IsAck() {
		return nil
	}
	if value, ok := frame.Value(http2.SettingInitialWindowSize); ok {
		for _, under := range c.calls {
			under.window += int64(value) - c.initialWindow
		}
		c.initialWindow = int64(value)
		c.sendWaiting()
	}
	return c.framer.WriteSettingsAck()
}

func (c *connection) onWindowUpdate(frame *http2.WindowUpdateFrame) {
	if frame.StreamID == 0 {
		c.window += int64(frame.Increment)
	} else if under := c.calls[frame.StreamID]; under != nil {
		under.window += int64(frame.Increment)
	}
	c.sendWaiting()
}

// end books a call, which has failed where there is a failure, and has its caller begin the next one.
func (c *connection) end(id uint32, failure string) {
	under := c.calls[id]
	if under == nil {
		return
	}
	delete(c.calls, id)
	now := time.Now()
	switch {
	case failure != "":
		c.tally.fail(failure)
	case under.status != "0":
		c.tally.fail("grpc-status " + under.status)
	case under.received != c.load.answered:
		c.tally.fail(fmt.Sprintf("%d bytes of answer instead of %d", under.received, c.load.answered))
	default:
		c.tally.micros = append(c.tally.micros, float64(now.Sub(under.began).Nanoseconds())/1000)
	}
	if now.Before(c.load.until) {
		c.begin()
	}
}
