package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// limited admits a checkout where the limiter has a token for it; else 429, with a Retry-After that is so.
func limited(o options) http.Handler {
	admit := admission(o)
	return checkout(func(w http.ResponseWriter, r *http.Request, id string) {
		if wait, admitted := admit(r.Context()); !admitted {
			w.Header().Set("Retry-After", fmt.Sprint(int(math.Ceil(wait.Seconds()))))
			reply(w, 429, map[string]string{"error": "too many requests"})
			return
		}
		reply(w, 200, map[string]string{"id": id})
	})
}

// admission tells whether a request is admitted, and else when one will be.
func admission(o options) func(context.Context) (time.Duration, bool) {
	burst := o.burst
	if o.defect == "off-by-burst" {
		burst *= 2 // a rate for each of two seconds, as it seemed
	}
	limiters := []*rate.Limiter{rate.NewLimiter(rate.Limit(o.rate), burst)}
	if o.defect == "each-instance" {
		limiters = append(limiters, rate.NewLimiter(rate.Limit(o.rate), burst)) // behind a balancer that takes turns
	}
	var turn atomic.Uint64
	return func(ended context.Context) (time.Duration, bool) {
		limiter := limiters[turn.Add(1)%uint64(len(limiters))]
		if o.defect == "reserves" {
			return 0, limiter.Reserve().OK() // OK says that there will be a token some day, and not that there is one
		}
		if o.wait > 0 {
			within, cancel := context.WithTimeout(ended, o.wait)
			defer cancel()
			return o.wait, limiter.Wait(within) == nil
		}
		if limiter.Allow() {
			return 0, true
		}
		missing := 1 - limiter.Tokens()
		return time.Duration(missing / o.rate * float64(time.Second)), false
	}
}
