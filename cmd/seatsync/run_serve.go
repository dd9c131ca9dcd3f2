package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/daemon/webconfig"
)

// serve is the daemon: it runs until the process is told to end.
func (a *app) serve(ctx context.Context, flags runFlags) error {
	if flags.webConfig != "" {
		if err := webconfig.Validate(flags.webConfig); err != nil {
			return fmt.Errorf("--web-config %s: %w", flags.webConfig, err)
		}
	}
	d, err := a.newDaemon(flags)
	if err != nil {
		return err
	}
	if err := d.Unreadable(); err != nil {
		return err
	}
	if d.Entries() == 0 {
		return hint(errors.New("nothing is scheduled"), "write 'schedule:' into the file, or pass --cron '0 6 * * 1-5'")
	}
	if err := a.store("").CheckWritable(); err != nil {
		return err // no run could be recorded
	}
	log := a.logger()
	stopServing, err := startServing(d.Handler(), flags, log)
	if err != nil {
		return err
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	d.Run(ctx, asEvents(ctx, reload))
	stopServing()
	log.Info("stopped")
	return nil
}

// asEvents passes on signals without saying which, until ctx ends.
func asEvents(ctx context.Context, signals <-chan os.Signal) <-chan struct{} {
	events := make(chan struct{})
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			select {
			case <-ctx.Done():
				return
			case events <- struct{}{}:
			}
		}
	}()
	return events
}

// shutdownPatience is how long responses in flight may take when the process ends.
const shutdownPatience = 5 * time.Second

// startServing serves the endpoints and returns what stops that again.
func startServing(handler http.Handler, flags runFlags, log *slog.Logger) (stop func(), err error) {
	if flags.listen == "off" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", flags.listen)
	if err != nil {
		return nil, hint(fmt.Errorf("--listen: %w", err), "name another address, or pass --listen off")
	}
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() && flags.webConfig == "" && !flags.output.redact {
		log.Warn("whoever can reach this address sees names and emails: pass --web-config for TLS and users, or --redact", "address", address.String())
	}
	server := &http.Server{
		Handler: handler, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan struct{})
	log.Info("serving", "address", listener.Addr().String())
	go func() {
		defer close(ended)
		if err := serveOn(listener, server, flags.webConfig, log); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the endpoints are not served any more", "error", err.Error())
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownPatience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
		}
		<-ended
	}, nil
}

// serveOn serves with TLS and users when a file asks for them.
func serveOn(listener net.Listener, server *http.Server, webConfig string, log *slog.Logger) error {
	if webConfig == "" {
		return server.Serve(listener)
	}
	return webconfig.Serve(listener, server, webConfig, log, "/healthz", "/readyz")
}

// writeMetrics writes --metrics-file. That it fails is no reason to fail a run.
func (a *app) writeMetrics(path string, metrics *daemon.Metrics, log *slog.Logger) {
	if path == "" {
		return
	}
	if err := metrics.WriteFile(path); err != nil {
		log.Error("the metrics file was not written", "error", err.Error())
	}
}
