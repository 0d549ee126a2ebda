#!/bin/sh
set -e
# deb: "remove"; rpm: 0 packages left. An upgrade leaves the agent alone.
case "$1" in
  remove | 0 | "")
    if [ -d /run/systemd/system ]; then
      systemctl disable --now casefile-agent.service || true
    fi
    ;;
esac
