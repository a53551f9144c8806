#!/usr/bin/env bash
# first_mail.sh: a mail of a host that `empathd init --host acme.dev` has set up, and that runs, to another server: over TLS,
# and signed. The other one is an Empath of `empathd init`, on port 2525 of loopback. Run it as root, where nothing else is:
# try_deb.sh and try_pipx.sh do so, in a network of their own.
set -euo pipefail

peer=$(mktemp -d)
trap 'empathd -c "$peer/empath/empath.toml" stop; rm -rf -- "$peer"' EXIT
(cd -- "$peer" && empathd init --yes --hostname mail.peer.dev --domain peer.dev --submit nobody --deliver maildir)
sed -i 's/:8025/:8026/' "$peer/empath/empath.toml"
empathd -c "$peer/empath/empath.toml" start

sed -i '/^\[routes\]/a "peer.dev" = "smtp://127.0.0.1:2525"' /etc/empath/empath.toml
printf '\n[destinations."peer.dev"]\ntls = "encrypt"\n' >>/etc/empath/empath.toml
empathd -c /etc/empath/empath.toml check
empathd -c /etc/empath/empath.toml reload
sleep 3
printf 'From: ann@acme.dev\nTo: bob@peer.dev\nSubject: first\n\nHi!\n' | empath-sendmail -f ann@acme.dev bob@peer.dev
for _ in $(seq 200); do
    compgen -G "$peer/empath/Maildir/new/*" >/dev/null && break
    sleep 0.1
done
cat "$peer"/empath/Maildir/new/*
grep -q 'with ESMTPS' "$peer"/empath/Maildir/new/*
grep -q '^DKIM-Signature: .*d=acme.dev' "$peer"/empath/Maildir/new/* || grep -A3 '^DKIM-Signature: ' "$peer"/empath/Maildir/new/* | grep -q 'd=acme.dev'
