#!/bin/sh
# Installs HemaLens from this folder of the boot partition, without a network.
# Run at each boot: it takes up what was broken off, and does nothing once all is done.
# What happens is written beside it: a board without a screen must say why it stopped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
boot=$(dirname "$here")
software=/opt/hemalens
# country, camera_library and carried, which names all that the card carries.
. "$here/first-boot.conf"

has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
has "$software/installed-from" "$carried" && exit 0

exec >>"$here/first-boot.log" 2>&1
trap 'code=$?; [ "$code" -eq 0 ] || echo "HemaLens is not installed (exit $code); it is tried again"; sync' EXIT
date -u

# Raspberry Pi OS's images come with the radio off, and neither cloud-init nor netplan
# switches it on. A system without these tools has no such lock.
if [ -n "$country" ]; then
  for try in "raspi-config nonint do_wifi_country $country" "rfkill unblock wifi" \
    "nmcli radio wifi on"; do
    $try || echo "no effect: $try"
  done
fi

wheels=$(sha256sum <"$here/wheelhouse/wheelhouse.json")
if ! has "$software/current/wheelhouse.sha256" "$wheels"; then
  # Whole or not at all: what runs stays until the link is changed, by one rename.
  environment=env-a
  [ "$(readlink "$software/current")" != env-a ] || environment=env-b
  mkdir -p "$software"
  python3 -m venv --system-site-packages --clear "$software/$environment"
  "$software/$environment/bin/python" -m pip --isolated install --no-index --no-deps \
    --no-cache-dir --no-compile --disable-pip-version-check --find-links "$here/wheelhouse" \
    --require-hashes -r "$here/wheelhouse/requirements.txt"
  echo "$wheels" >"$software/$environment/wheelhouse.sha256"
  sync
  # A card flashed anew is no update on trial: there is no way back to lead to.
  rm -f "$software/previous" "$software/trial.json"
  ln -sfn "$environment" "$software/current.new"
  mv -T "$software/current.new" "$software/current"
fi
"$software/current/bin/hemalens" device install --from "$here"

# Overwritten too: FAT keeps a deleted file's content for who reads the card. Out of the
# way first, for one that is half overwritten must not be installed by the next attempt.
mkdir -p "$here/forgotten"
for secret in "$here/operator-password" "$here"/fleet/* "$boot/network-config"; do
  [ ! -f "$secret" ] || mv "$secret" "$here/forgotten/"
done
sync
for secret in "$here"/forgotten/*; do
  [ ! -f "$secret" ] || shred --zero --remove "$secret" || rm -f "$secret"
done

is_there() {
  dpkg-query --show --showformat='${Status}' python3-picamera2 | grep -q "ok installed"
}
if [ "$camera_library" = needed ] && ! is_there; then
  # What a power cut left half unpacked comes first.
  dpkg --configure -a
  if [ -d "$here/debs" ]; then
    (cd "$here/debs" && sha256sum --check --quiet SHA256SUMS)
    DEBIAN_FRONTEND=noninteractive dpkg --install "$here"/debs/*.deb
  else
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      python3-picamera2
  fi
  systemctl restart --no-block hemalens.service || echo "the service starts at the next boot"
fi

sync
echo "$carried" >"$software/installed-from.new"
mv "$software/installed-from.new" "$software/installed-from"
echo "HemaLens is installed"
