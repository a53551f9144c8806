#!/usr/bin/env bash
# try_pipx.sh WHEEL: the wheel by pipx in a clean Debian 12, or SUITE, made by debootstrap: install, `empathd init --host`, and
# a mail to another server over TLS, signed. It prints how long each step took. It needs root, debootstrap, and the network to
# load Debian and what the wheel depends on; the servers run in a network of their own, with a loopback interface only.
# TRY_ROOT names a root that is kept for the next time.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
wheel=$(readlink -f -- "$1")
root=${TRY_ROOT:-$(mktemp -d)}
# Where a service may have its program: not in the home of a user.
commands=(PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin HOME=/root)

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "${commands[@]}" "$@"; }
say() { printf -- '-- %3d s: %s\n' "$SECONDS" "$*"; }
finish() {
    umount "$root/proc" 2>/dev/null || true
    [ -n "${TRY_ROOT:-}" ] || rm -rf -- "$root"
}
trap finish EXIT

[ -x "$root/usr/bin/dpkg" ] || debootstrap --variant=minbase --include=ca-certificates "${SUITE:-bookworm}" "$root" http://deb.debian.org/debian >/dev/null
mount -t proc proc "$root/proc"
# Where the index of Python packages is, and how its certificate is checked, is this machine's affair.
for file in /etc/pip.conf "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}"; do
    [ ! -f "$file" ] || install -D -m 644 -- "$file" "$root$file"
done
cp -- "$wheel" "$here/first_mail.sh" "$root/root"

SECONDS=0
inside apt-get -qq update
inside apt-get -qq install --yes --no-install-recommends pipx adduser >/dev/null
say "pipx is installed"
inside pipx install "/root/${wheel##*/}"
say "Empath is installed: $(inside empathd --version)"
inside empathd init --host acme.dev --yes --address 192.0.2.5 >"$root/root/acme.dev.zone"
inside adduser --quiet --system --group --home /var/lib/empath --no-create-home empath
inside install -d -m 750 -o empath -g empath /var/lib/empath /var/log/empath
inside install -d -m 3730 -o empath -g empath /var/spool/empath
inside install -d -m 755 /run/empath
inside chgrp -R empath /etc/empath/dkim /etc/empath/tls
say "It is configured"
unshare --net bash -c "ip link set lo up; exec chroot '$root' /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 bash -euc '
    export EMPATH_CONFIG=/etc/empath/empath.toml
    empathd start
    bash /root/first_mail.sh || failed=\$?
    empathd stop
    exit \${failed:-0}'"
say "A signed mail went to another server over TLS"
