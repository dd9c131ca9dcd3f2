#!/bin/sh
# After installation and upgrade: the user of the units is there, and its group may enter /etc/seatsync. Nothing is enabled or started:
# that is for a person. Without systemd there is no service, and no need of a user.
set -e
root="${DPKG_ROOT:-}" # where dpkg installs into another root, without entering it
if command -v systemd-sysusers >/dev/null; then
	# A service of before, with DynamicUser=yes, lends its name while it runs; the user that stays is made nevertheless.
	SYSTEMD_NSS_DYNAMIC_BYPASS=1 systemd-sysusers ${root:+--root="$root"} seatsync.conf
	group="$(sed -n 's/^seatsync:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/group")"
	# That of another group was given to it by somebody.
	if [ -n "$group" ] && [ "$(id -u)" = 0 ] && [ "$(stat -c %g "$root/etc/seatsync")" = 0 ]; then
		chgrp "$group" "$root/etc/seatsync"
	fi
fi
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
