#!/bin/sh
# After removal: systemd looks at its units again. The user of the units stays, and what belongs to it.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
