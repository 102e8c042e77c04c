#!/usr/bin/env bash
# Installs what the whole test suite needs on Debian 12: the directory and
# database servers as packages, the linter as a Go program in ./bin.
# Safe to run again; needs root for the packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(
  slapd ldap-utils
  samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind python3-samba krb5-user ldb-tools
  389-ds-base python3-lib389
  postgresql
  mariadb-server
  iproute2 sqlite3 time openssl systemd
)
lint_version=v2.15.0

missing=()
for p in "${packages[@]}"; do
  # "Status: … installed" is the only state in which a package's programs can be run.
  case "$(dpkg-query -W -f='${Status}' "$p" 2>/dev/null || true)" in
    *" installed") ;;
    *) missing+=("$p") ;;
  esac
done
if [ "${#missing[@]}" -gt 0 ]; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  # policy-rc.d: the packages must not start servers of their own; the lab starts what a test needs.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null
    $sudo chmod 755 /usr/sbin/policy-rc.d
    trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  $sudo apt-get update -q
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

mkdir -p bin
if ! bin/golangci-lint version 2>/dev/null | grep -q "${lint_version#v}"; then
  GOBIN="$PWD/bin" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@${lint_version}"
fi
