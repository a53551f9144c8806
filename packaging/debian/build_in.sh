#!/usr/bin/env bash
# build_in.sh SUITE WHEEL FOLDER: the Debian package of a wheel, in FOLDER, built in a clean root of that release of Debian,
# such as trixie: the package carries libraries for one version of Python, which is that of the release it was built in.
# It needs root, debootstrap, and the network. BUILD_ROOT names a root that is kept for the next time.
# `make deb SUITE=…` calls it.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
checkout=$(dirname -- "$(dirname -- "$here")")
suite=$1
wheel=$(readlink -f -- "$2")
mkdir -p -- "$3"
folder=$(readlink -f -- "$3")
root=${BUILD_ROOT:-$(mktemp -d)}

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
finish() {
    umount "$root/proc" 2>/dev/null || true
    [ -n "${BUILD_ROOT:-}" ] || rm -rf -- "$root"
}
trap finish EXIT

[ -x "$root/usr/bin/dpkg" ] || debootstrap --variant=minbase "$suite" "$root" http://deb.debian.org/debian >/dev/null
mount -t proc proc "$root/proc"
inside apt-get -qq update
inside apt-get -qq install --yes --no-install-recommends build-essential ca-certificates debhelper lintian python3-venv unzip >/dev/null
# Where the index of Python packages is, and how its certificate is checked, is this machine's affair.
for file in /etc/pip.conf "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}"; do
    [ ! -f "$file" ] || install -D -m 644 -- "$file" "$root$file"
done
rm -rf -- "$root/build"
mkdir -- "$root/build"
cp -a -- "$checkout"/{conf,docs,man,packaging,README.md,CHANGELOG.md} "$root/build"
[ ! -f "$checkout/constraints.txt" ] || cp -- "$checkout/constraints.txt" "$root/build"
mkdir -- "$root/build/empath"
cp -- "$checkout/empath/__init__.py" "$root/build/empath"
cp -- "$wheel" "$root/build"
inside SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(date +%s)}" bash /build/packaging/debian/build.sh "/build/${wheel##*/}" /build/made
cp -- "$root"/build/made/* "$folder"
