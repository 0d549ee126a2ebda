#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
if [ "$1" = purge ]; then
  rm -rf /etc/casefile /etc/casefile.yaml /var/lib/casefile
  if command -v userdel >/dev/null && getent passwd casefile >/dev/null; then
    userdel casefile
  fi
fi
