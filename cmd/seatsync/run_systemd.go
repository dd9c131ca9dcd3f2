package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile/daemon"
)

// tellServiceManager returns what tells systemd the state of the process, for
// units of Type=notify. Where there is no systemd it does nothing.
func (a *app) tellServiceManager(log *slog.Logger) func(daemon.State) {
	socket := a.getenv("NOTIFY_SOCKET")
	if socket == "" {
		return func(daemon.State) {}
	}
	return func(state daemon.State) {
		if err := notifySystemd(socket, systemdWords(state)); err != nil {
			log.Warn("systemd could not be notified", "state", string(state), "error", err.Error())
		}
	}
}

// systemdWords are the lines of sd_notify(3) for a state.
func systemdWords(state daemon.State) string {
	switch state {
	case daemon.StateReady:
		return "READY=1\nSTATUS=following the schedule"
	case daemon.StateAlive:
		return "WATCHDOG=1"
	case daemon.StateReloading:
		// Type=notify-reload wants to know since when, on the monotonic clock.
		return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonicMicroseconds())
	}
	return "STOPPING=1\nSTATUS=draining"
}

// notifySystemd sends one message. A name that begins with @ is in the abstract
// namespace, which the net package writes the same way.
func notifySystemd(socket, text string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(text))
	return err
}

// watchdog returns how often systemd wants to hear that the process is alive:
// twice in the time that it waits. 0 means never.
func (a *app) watchdog() time.Duration {
	if pid := a.getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(a.getenv("WATCHDOG_USEC")), 10, 64)
	if err != nil || limit <= 0 {
		return 0
	}
	return time.Duration(limit) * time.Microsecond / 2
}
