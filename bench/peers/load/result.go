package main

import "slices"

// result is what is printed.
type result struct {
	OK                int     `json:"ok"`
	Failed            int     `json:"failed"`
	FirstFailure      string  `json:"first_failure,omitempty"`
	Seconds           float64 `json:"seconds"`
	RPS               float64 `json:"rps"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	latencies
	// Classes has what is above for each class of bodies.
	Classes []latencies `json:"classes"`
	// Dropped is how many arrivals of an open loop were not sent, and SendLag how late the others were.
	Dropped int     `json:"dropped"`
	SendLag float64 `json:"send_lag_p99_us"`
}

type latencies struct {
	Calls int     `json:"calls"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
}

func summary(tallies []*tally, seen arrivals, seconds float64) result {
	r := result{Seconds: seconds, Dropped: seen.dropped}
	var all []float64
	classes := make([][]float64, len(tallies[0].micros))
	for _, t := range tallies {
		for class, micros := range t.micros {
			all = append(all, micros...)
			classes[class] = append(classes[class], micros...)
		}
		r.MessagesPerSecond += float64(t.messages) / seconds
		r.Failed += t.failed
		if r.FirstFailure == "" {
			r.FirstFailure = t.firstFailure
		}
	}
	r.OK = len(all)
	r.RPS = float64(r.OK) / seconds
	r.latencies = latenciesOf(all)
	for _, micros := range classes {
		r.Classes = append(r.Classes, latenciesOf(micros))
	}
	slices.Sort(seen.lags)
	r.SendLag = quantile(seen.lags, 0.99)
	return r
}

func latenciesOf(micros []float64) latencies {
	slices.Sort(micros)
	return latencies{len(micros), quantile(micros, 0.5), quantile(micros, 0.9), quantile(micros, 0.99)}
}

func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*share))]
}
