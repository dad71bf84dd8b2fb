package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"net"
	"sync"
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
	began time.Time
	body  *body
	// unsent is what is left of a message, and more how many messages come after it.
	unsent []byte
	more   int
	// last says that no message comes after those.
	last bool
	// owed is how many answers its messages still have to get.
	owed     int
	window   int64
	received int
	deframer deframer
	status   string
}

// connection is a client's side of an HTTP/2 connection, with callers that begin a call as soon as their last one has ended, or with calls
// that arrive from outside. One goroutine reads and another one writes, so that a server that stops reading until it is read cannot stop us.
type connection struct {
	load    *load
	callers int
	socket  net.Conn
	reader  *bufio.Reader
	framer  *http2.Framer
	decoder *hpack.Decoder
	out     *writer
	rng     *rand.Rand
	tally   tally

	// lock guards what is below and the writing side of the framer.
	lock          sync.Mutex
	isOpen        bool
	calls         map[uint32]*call
	waiting       []uint32
	nextID        uint32
	current       *call
	window        int64
	initialWindow int64
	unreturned    int
}

func newConnection(socket net.Conn, l *load, callers int, seed int64) *connection {
	c := &connection{
		load: l, callers: callers, socket: socket, reader: bufio.NewReaderSize(socket, 1<<16), out: newWriter(socket),
		rng: rand.New(rand.NewSource(seed)), tally: tally{micros: make([][]float64, l.mix.classes)},
		isOpen: *rate > 0, calls: map[uint32]*call{}, nextID: 1, window: 65535, initialWindow: 65535,
	}
	c.framer = http2.NewFramer(c.out, c.reader)
	c.framer.SetReuseFrames()
	c.framer.SetMaxReadFrameSize(1 << 24)
	c.decoder = hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		if field.Name == "grpc-status" && c.current != nil {
			c.current.status = field.Value
		}
	})
	_, _ = c.out.Write([]byte(http2.ClientPreface))
	_ = c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow}, http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	_ = c.framer.WriteWindowUpdate(0, streamWindow-65535)
	return c
}

// run returns when the time is over and the last call has ended, or when the connection breaks.
func (c *connection) run() {
	c.lock.Lock()
	for range c.callers {
		c.begin(time.Now(), c.load.mix.pick(c.rng))
	}
	c.lock.Unlock()
	c.out.flush()
	for c.isBusy() {
		if err := c.readFrame(); err != nil {
			c.breakOff(err)
			return
		}
		if c.reader.Buffered() == 0 {
			c.out.flush()
		}
	}
	c.out.flush()
}

func (c *connection) isBusy() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.isOpen || len(c.calls) > 0
}

// breakOff fails what is under way; nothing is, where an open loop ended while this waited for a frame.
func (c *connection) breakOff(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.isOpen {
		c.tally.fail(err.Error())
	}
	for range c.calls {
		c.tally.fail(err.Error())
	}
	c.load.underWay.Add(-int64(len(c.calls)))
	c.isOpen, c.calls = false, map[uint32]*call{}
}

// arrive begins a call whose latency counts from `scheduled`. It travels with the next flush.
func (c *connection) arrive(scheduled time.Time, chosen *body) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if !c.isOpen {
		c.tally.fail("the connection is broken")
		c.load.underWay.Add(-1)
		return
	}
	c.begin(scheduled, chosen)
}

// finish lets an open loop's calls end, for so long.
func (c *connection) finish(within time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.isOpen = false
	if len(c.calls) == 0 {
		within = 0
	}
	_ = c.socket.SetReadDeadline(time.Now().Add(within))
}

func (c *connection) begin(from time.Time, chosen *body) {
	id := c.nextID
	c.nextID += 2
	c.calls[id] = &call{began: from, body: chosen, more: max(1, *ahead), last: *ahead == 0, owed: *ahead, window: c.initialWindow}
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.load.headers, EndHeaders: true})
	c.send(id)
}

// send sends what the windows allow; what is left waits for a WINDOW_UPDATE.
func (c *connection) send(id uint32) {
	under := c.calls[id]
	for under != nil {
		if len(under.unsent) == 0 {
			if under.more == 0 {
				return
			}
			under.unsent = under.body.framed
			under.more--
		}
		length := min(int64(len(under.unsent)), c.window, under.window, frameBytes)
		if length <= 0 {
			c.waiting = append(c.waiting, id)
			return
		}
		part := under.unsent[:length]
		under.unsent = under.unsent[length:]
		c.window -= length
		under.window -= length
		_ = c.framer.WriteData(id, under.last && under.more == 0 && len(under.unsent) == 0, part)
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
	c.lock.Lock()
	defer c.lock.Unlock()
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
		answers := under.deframer.take(frame.Data())
		c.tally.messages += answers
		if !under.last && answers > 0 {
			c.sendMore(frame.StreamID, under, answers)
		}
	}
	if c.unreturned += length; c.unreturned >= topUp {
		_ = c.framer.WriteWindowUpdate(0, uint32(c.unreturned))
		c.unreturned = 0
	}
	if frame.StreamEnded() {
		c.end(frame.StreamID, "no trailers")
	}
}

// sendMore sends a message for each one answered; once the time is over, the stream ends with its last answer.
func (c *connection) sendMore(id uint32, under *call, answers int) {
	under.owed -= answers
	if time.Now().Before(c.load.until) {
		isIdle := under.more == 0 && len(under.unsent) == 0
		under.more += answers
		under.owed += answers
		if isIdle {
			c.send(id)
		}
	} else if under.owed == 0 {
		under.last = true
		_ = c.framer.WriteData(id, true, nil)
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
	if failure = c.failureOf(under, failure); failure != "" {
		c.tally.fail(failure)
	} else {
		class := under.body.class
		c.tally.micros[class] = append(c.tally.micros[class], float64(now.Sub(under.began).Nanoseconds())/1000)
	}
	if *rate > 0 {
		c.load.underWay.Add(-1)
	} else if now.Before(c.load.until) {
		c.begin(now, c.load.mix.pick(c.rng))
	}
}

// failureOf is empty where the answer is whole.
func (c *connection) failureOf(under *call, failure string) string {
	switch {
	case failure != "":
		return failure
	case under.status != "0":
		return "grpc-status " + under.status
	case c.load.answered >= 0 && under.received != c.load.answered:
		return fmt.Sprintf("%d bytes of answer instead of %d", under.received, c.load.answered)
	case c.load.answered < 0 && *ahead == 0 && under.deframer.messages != *messages:
		return fmt.Sprintf("%d messages of answer instead of %d", under.deframer.messages, *messages)
	}
	return ""
}
