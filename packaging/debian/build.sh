#!/usr/bin/env bash
# build.sh WHEEL FOLDER: the Debian package of a wheel, in FOLDER. It needs debhelper, lintian, python3-venv and an index
# of Python packages; root is not needed. `make deb` calls it.
set -euo pipefail

root=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")")
wheel=$(readlink -f -- "$1")
mkdir -p -- "$2"
folder=$(readlink -f -- "$2")
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$root/empath/__init__.py")
tree=$folder/empath-mta-$version
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date +%s)}
umask 022

rm -rf -- "$tree"
mkdir -p -- "$tree"
cp -a -- "$root"/{conf,docs,man,README.md,CHANGELOG.md} "$tree"
[ ! -f "$root/constraints.txt" ] || cp -- "$root/constraints.txt" "$tree"
cp -a -- "$root/packaging/debian" "$tree/debian"
rm -- "$tree/debian/build.sh"
cp -- "$wheel" "$tree/debian"
# Without constraints.txt: what the wheel asks for.
unzip -p "$wheel" '*.dist-info/METADATA' | sed -n 's/^Requires-Dist: \([^;]*\)$/\1/p' >"$tree/debian/requirements.txt"
cat >"$tree/debian/changelog" <<END
empath-mta ($version) unstable; urgency=medium

  * Version $version, see changelog.gz of this package.

 -- ${DEBFULLNAME:-Empath maintainers} <${DEBEMAIL:-maintainers@empath.invalid}>  $(date --utc -R --date "@$SOURCE_DATE_EPOCH")
END
cd -- "$tree"
dpkg-buildpackage --build=binary --unsigned-changes --no-check-builddeps
cd -- "$folder"
rm -rf -- "$tree"
lintian --tag-display-limit 0 --fail-on error,warning ./*.changes
