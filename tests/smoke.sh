#!/usr/bin/env bash
# smoke.sh WHEEL: what a person gets who has the wheel alone. It is installed into an empty environment, in a directory
# that is removed at the end; its server then delivers a mail, and the shell of the system reads the queue.
set -euo pipefail

wheel=$(readlink -f -- "$1")
directory=$(mktemp -d)
cd -- "$directory"
unset EMPATH_CONFIG PYTHONPATH

finish() {
    [ ! -x venv/bin/empathd ] || venv/bin/empathd -c empath/empath.toml stop 2>/dev/null || true
    rm -rf -- "$directory"
}
trap finish EXIT

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "$wheel"
PATH=$directory/venv/bin:$PATH

free_port() { python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
empathd init --yes
sed -i -e "s/:2525/:$(free_port)/" -e "s/:8025/:$(free_port)/" empath/empath.toml
export EMPATH_CONFIG=$directory/empath/empath.toml
empathd check
empathd start
printf 'Subject: hello\n\nHi!\n' | empath-sendmail you@example.test
for _ in $(seq 300); do
    compgen -G 'empath/Maildir/new/*' >/dev/null && break
    sleep 0.1
done
grep -q '^Subject: hello' empath/Maildir/new/*
empath-admin doctor >/dev/null
empath-admin find --recipient you@example.test | grep -q delivered
command -v sqlite3 >/dev/null && empath-sqlite3 -readonly empath/data/queue.db 'SELECT count(*) FROM history' >/dev/null
empathd stop
test -s venv/share/man/man8/empathd.8
empath-admin --version
echo "smoke: a mail was delivered by ${wheel##*/} alone"
