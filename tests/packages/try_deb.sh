#!/usr/bin/env bash
# try_deb.sh DEB [NEXT]: the Debian package in a clean Debian 12, or SUITE, made by debootstrap: install, configure, deliver a
# mail, and a signed one to another server over TLS, upgrade to NEXT (by default the same package again), remove, purge. It
# prints how long each step took. It needs root, debootstrap, and the network to load Debian and what the package depends on;
# the servers run in a network of their own, with a loopback interface only. TRY_ROOT names a root that is kept for the next
# time.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
deb=$(readlink -f -- "$1")
next=$(readlink -f -- "${2:-$1}")
root=${TRY_ROOT:-$(mktemp -d)}

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
apart() { unshare --net bash -c "ip link set lo up; exec chroot '$root' /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 bash -euc \"\$1\"" bash "$1"; }
say() { printf '\n-- %3d s: %s\n' "$SECONDS" "$*"; }
finish() {
    umount "$root/proc" 2>/dev/null || true
    [ -n "${TRY_ROOT:-}" ] || rm -rf -- "$root"
}
trap finish EXIT

[ -x "$root/usr/bin/dpkg" ] || debootstrap --variant=minbase --include=ca-certificates "${SUITE:-bookworm}" "$root" http://deb.debian.org/debian >/dev/null
mount -t proc proc "$root/proc"
inside dpkg --purge empath-mta >/dev/null 2>&1 || true # of a try before, in a root that is kept
cp -- "$here/first_mail.sh" "$root/root"
cp -- "$deb" "$root/root/this.deb"
cp -- "$next" "$root/root/next.deb"

SECONDS=0
say "Install; without a configuration nothing is started, and that is no error."
inside apt-get -qq update
inside apt-get -qq install --yes --no-install-recommends /root/this.deb >/dev/null
inside id empath
inside empathd --version
[ ! -e "$root/etc/empath/empath.toml" ]

say "Configure."
inside empathd init --host acme.dev --yes --address 192.0.2.5 >"$root/root/acme.dev.zone"
[ ! -e "$root/etc/systemd/system/empath.service" ]
grep -c ' IN ' "$root/root/acme.dev.zone"
[ ! -e "$root/etc/tmpfiles.d/empath.conf" ]
inside empathd -c /etc/empath/empath.toml check

say "Start, send a mail by sendmail, upgrade meanwhile, stop."
apart '
    /etc/init.d/empath start
    printf "Subject: hello\n\nHi!\n" | sendmail root@mx.acme.dev
    for _ in $(seq 200); do ls /var/lib/empath/Maildir/new/* >/dev/null 2>&1 && break; sleep 0.1; done
    grep -h ^Subject /var/lib/empath/Maildir/new/*
    mailq
    bash /root/first_mail.sh
    empath-admin -c /etc/empath/empath.toml doctor --json >/root/doctor.json || true
    ! grep "\"level\":\"error\"" /root/doctor.json
    dpkg --install /root/next.deb >/dev/null
    /etc/init.d/empath status
    printf "Subject: again\n\nHi!\n" | sendmail root@mx.acme.dev
    for _ in $(seq 200); do grep -qs "^Subject: again" /var/lib/empath/Maildir/new/* && break; sleep 0.1; done
    grep -h "^Subject: again" /var/lib/empath/Maildir/new/*
    /etc/init.d/empath stop'

say "Remove keeps the data."
inside dpkg --remove empath-mta >/dev/null
test -s "$root/var/lib/empath/queue.db"
test -s "$root/etc/empath/empath.toml"
[ ! -e "$root/usr/lib/empath" ]

say "Install again finds it; purge takes it away."
inside dpkg --install /root/this.deb >/dev/null
inside empathd -c /etc/empath/empath.toml check
inside dpkg --purge empath-mta >/dev/null
for each in /var/lib/empath /var/log/empath /var/spool/empath /etc/empath /usr/lib/empath /etc/logrotate.d/empath /etc/init.d/empath; do
    [ ! -e "$root$each" ] || { echo "$each is left" >&2; exit 1; }
done
say "The package was installed, upgraded, removed and purged."
