package main

import (
	"math/rand"
	"syscall"
	"time"
)

// stragglers is how long calls may take that are under way when an open loop is over.
const stragglers = 5 * time.Second

// arrivals is what an open loop saw of itself.
type arrivals struct {
	lags    []float64
	dropped int
}

// arrive begins calls at seeded Poisson times, whatever becomes of those before them.
func (l *load) arrive(rate float64, length time.Duration) arrivals {
	rng := rand.New(rand.NewSource(*seed))
	var seen arrivals
	start, at := time.Now(), time.Duration(0)
	for turn := 0; ; turn++ {
		at += time.Duration(rng.ExpFloat64() / rate * float64(time.Second))
		if at >= length {
			break
		}
		chosen := l.mix.pick(rng)
		if time.Since(start) < at {
			l.flush()
			sleepUntil(start.Add(at))
		}
		if l.underWay.Load() >= int64(*maxInflight) {
			seen.dropped++
			continue
		}
		l.underWay.Add(1)
		seen.lags = append(seen.lags, float64((time.Since(start)-at).Nanoseconds())/1000)
		l.connections[turn%len(l.connections)].arrive(start.Add(at), chosen)
	}
	l.flush()
	for _, connection := range l.connections {
		connection.finish(stragglers)
	}
	return seen
}

// flush sends what arrived since the last one: arrivals that are due together travel together.
func (l *load) flush() {
	for _, connection := range l.connections {
		connection.out.flush()
	}
}

// sleepUntil blocks its thread: the runtime's own timers are up to a millisecond late where nothing else runs.
func sleepUntil(when time.Time) {
	for wait := time.Until(when); wait > 0; wait = time.Until(when) {
		span := syscall.NsecToTimespec(wait.Nanoseconds())
		_ = syscall.Nanosleep(&span, nil)
	}
}
