package main

import (
	"io"
	"net/http"
	"time"

	"github.com/sony/gobreaker"
)

// guarded charges each checkout through a gobreaker; 503 with a body where the charge failed or the breaker is open.
func guarded(o options, log *truth) http.Handler {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	client := &http.Client{Transport: transport, Timeout: o.timeout}
	settings := gobreaker.Settings{
		MaxRequests: uint32(o.probes),
		Timeout:     o.sleep,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= uint32(o.failures) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			log.note(map[gobreaker.State]string{gobreaker.StateOpen: "open", gobreaker.StateHalfOpen: "halfOpen", gobreaker.StateClosed: "close"}[to])
		},
	}
	call := throughBreaker(settings, o, client)
	return checkout(func(w http.ResponseWriter, r *http.Request, id string) {
		if call(o.payments+"/charge/"+id, r.Header.Get("Traceparent")) != nil {
			reply(w, 503, map[string]string{"id": id, "paid": "later"})
			return
		}
		reply(w, 200, map[string]string{"id": id, "paid": "now"})
	})
}

func throughBreaker(settings gobreaker.Settings, o options, client *http.Client) func(url, traceparent string) error {
	if o.defect == "forgets-done" {
		return forgetsDone(gobreaker.NewTwoStepCircuitBreaker(settings), client)
	}
	breaker := gobreaker.NewCircuitBreaker(settings)
	return func(url, traceparent string) error {
		status, err := breaker.Execute(func() (any, error) {
			status, err := charge(client, url, traceparent)
			// For net/http a status of 503 is no error: what asks only for errors never sees a failure, and never opens.
			if err == nil && status >= 500 && o.defect != "5xx-is-success" {
				err = errFailed
			}
			return status, err
		})
		if err == nil && status.(int) >= 500 {
			err = errFailed
		}
		return err
	}
}

// The breaker in two steps. After its first opening an early return on failure forgets the second one: the probe
// that failed is under way for ever, and the breaker stays half-open.
func forgetsDone(breaker *gobreaker.TwoStepCircuitBreaker, client *http.Client) func(url, traceparent string) error {
	return func(url, traceparent string) error {
		done, err := breaker.Allow()
		if err != nil {
			return err
		}
		status, err := charge(client, url, traceparent)
		if err == nil && status >= 500 {
			err = errFailed
		}
		if err != nil && breaker.State() == gobreaker.StateHalfOpen {
			return err
		}
		done(err == nil)
		return err
	}
}

func drain(answer *http.Response) { _, _ = io.Copy(io.Discard, answer.Body) }
