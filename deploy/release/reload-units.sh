#!/bin/sh
# After installation and removal: systemd looks at its units again. Nothing is enabled or started: that is for a person.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
