#!/usr/bin/env bash
# What `make run` shows, unattended: start, send a mail, see it in the queue view and in the Maildir, stop.
# A server of its own in a directory that is removed at the end; a free port. Exits 0 only if each step did what it says.
set -euo pipefail

root=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")
PATH=${EMPATH_DEMO_BIN:-$root/bin}:$root/.venv/bin:$PATH # the suite has quicker commands
directory=$(mktemp -d)
export EMPATH_CONFIG=$directory/empath.toml

finish() {
    empathd stop 2>/dev/null || true
    rm -rf -- "$directory"
}
trap finish EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }
show() { printf '$ %s\n' "$*"; "$@"; }

free_port() { python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
http_port=$(free_port)
sed -e "s/127\.0\.0\.1:2525/127.0.0.1:$port/" -e "s/127\.0\.0\.1:8025/127.0.0.1:$http_port/" \
    -e "s|\.\./var/|$directory/|" "$root/conf/dev.toml" >"$EMPATH_CONFIG"

say "Start; the command returns when the listeners accept."
show empathd start
show empathd status

say "Freeze delivery, so that the queue can be looked at. Acceptance goes on."
show empath-admin freeze

say "Send a mail."
show python -c "import smtplib; smtplib.SMTP('127.0.0.1', $port).sendmail(
    'me@example.org', ['you@example.org'], 'Subject: hello\r\n\r\nHi!\r\n')"

say "It waits, durably: the queue is a view in a database."
show empath-admin list
empath-admin list --json 2>/dev/null | grep -q 'you@example.org'

say "Thaw; it is delivered."
show empath-admin thaw
for _ in $(seq 300); do
    compgen -G "$directory/Maildir/new/*" >/dev/null && break
    sleep 0.1
done
show cat "$directory"/Maildir/new/*
grep -q '^Subject: hello' "$directory"/Maildir/new/*

say "The queue is empty; stop."
show empath-admin list
show empathd stop
say "Done."
