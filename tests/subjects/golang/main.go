// A service under test, in Go: /checkout/:id calls payments through sony/gobreaker, or is admitted by golang.org/x/time/rate.
//
//	-kind breaker  the charge of each checkout goes through a gobreaker; what that does is also written to -truth
//	-kind limiter  a checkout needs a token of a rate.Limiter, one for all callers; it calls nothing
//
// Each -defect is a mistake that people make with these libraries; "none" is how they are meant. Only tests read -truth.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

type options struct {
	port, kind, payments, defect, truth string
	sleep, timeout                      time.Duration
	failures, probes                    uint
	rate                                float64
	burst                               int
	wait                                time.Duration
}

func read() (options, error) {
	var o options
	flag.StringVar(&o.port, "port", "0", "where it listens, on 127.0.0.1")
	flag.StringVar(&o.kind, "kind", "breaker", "breaker or limiter")
	flag.StringVar(&o.payments, "payments", "http://127.0.0.1:9001", "what a checkout calls")
	flag.StringVar(&o.defect, "defect", "none", "none; of a breaker: 5xx-is-success, forgets-done; of a limiter: off-by-burst, each-instance, reserves")
	flag.StringVar(&o.truth, "truth", "", "file for the breaker's changes of state, one JSON object a line")
	flag.DurationVar(&o.sleep, "sleep", 2*time.Second, "breaker: from opening to the probe")
	flag.DurationVar(&o.timeout, "timeout", time.Second, "of a call to payments")
	flag.UintVar(&o.failures, "failures", 6, "breaker: in a row, that open it")
	flag.UintVar(&o.probes, "probes", 1, "breaker: MaxRequests, let through half-open, that must succeed to close it")
	flag.Float64Var(&o.rate, "rate", 20, "limiter: requests a second")
	flag.IntVar(&o.burst, "burst", 10, "limiter: at once")
	flag.DurationVar(&o.wait, "wait", 0, "limiter: wait so long for a token, rather than refuse at once")
	flag.Parse()
	known := map[string]string{"breaker": "none 5xx-is-success forgets-done", "limiter": "none off-by-burst each-instance reserves"}
	defects, ok := known[o.kind]
	if !ok {
		return o, fmt.Errorf("-kind is breaker or limiter, not %s", o.kind)
	}
	for _, defect := range strings.Fields(defects) {
		if defect == o.defect {
			return o, nil
		}
	}
	return o, fmt.Errorf("a %s has the defects %s, not %s", o.kind, defects, o.defect)
}

// truth writes changes of state; nothing where no file was named.
type truth struct {
	mutex sync.Mutex
	file  *os.File
}

func (t *truth) note(state string) {
	if t.file == nil {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	fmt.Fprintf(t.file, "{\"at_ms\": %.3f, \"state\": %q}\n", float64(time.Now().UnixMicro())/1000, state)
}

var errFailed = errors.New("payments failed")

// charge calls payments: its status, or an error where it gives no answer in time.
func charge(client *http.Client, url, traceparent string) (int, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	if traceparent != "" {
		request.Header.Set("traceparent", traceparent)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	drain(answer)
	return answer.StatusCode, nil
}

func reply(w http.ResponseWriter, status int, value any) {
	body, _ := json.Marshal(value)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

func checkout(handle func(w http.ResponseWriter, r *http.Request, id string)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { reply(w, 200, map[string]string{"status": "ok"}) })
	mux.HandleFunc("/checkout/", func(w http.ResponseWriter, r *http.Request) {
		handle(w, r, strings.TrimPrefix(r.URL.Path, "/checkout/"))
	})
	return mux
}

func run() error {
	o, err := read()
	if err != nil {
		return err
	}
	var log truth
	if o.truth != "" {
		if log.file, err = os.OpenFile(o.truth, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			return err
		}
	}
	handler := limited(o)
	if o.kind == "breaker" {
		handler = guarded(o, &log)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+o.port)
	if err != nil {
		return err
	}
	log.note("started")
	fmt.Println("listening on", listener.Addr())
	server := &http.Server{Handler: handler}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ended.Done()
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
}
