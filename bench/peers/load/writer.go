package main

import (
	"net"
	"sync"
)

// writer collects what is written and sends it in the background when it is flushed.
type writer struct {
	socket net.Conn
	lock   sync.Mutex
	wake   *sync.Cond
	full   []byte
	spare  []byte
	ready  bool
}

func newWriter(socket net.Conn) *writer {
	w := &writer{socket: socket}
	w.wake = sync.NewCond(&w.lock)
	go w.run()
	return w
}

// Write never fails: that a connection is broken is seen where it is read.
func (w *writer) Write(bytes []byte) (int, error) {
	w.lock.Lock()
	w.full = append(w.full, bytes...)
	w.lock.Unlock()
	return len(bytes), nil
}

func (w *writer) flush() {
	w.lock.Lock()
	if len(w.full) > 0 {
		w.ready = true
		w.wake.Signal()
	}
	w.lock.Unlock()
}

func (w *writer) run() {
	for {
		w.lock.Lock()
		for !w.ready {
			w.wake.Wait()
		}
		sending := w.full
		w.full, w.ready = w.spare[:0], false
		w.lock.Unlock()
		if _, err := w.socket.Write(sending); err != nil {
			return
		}
		w.lock.Lock()
		w.spare = sending
		w.lock.Unlock()
	}
}
