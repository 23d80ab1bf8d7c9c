# shellcheck shell=bash disable=SC2034 # who sources it uses what it sets
# Starts a Baton of its own for a script: on loopback, in a temporary folder that goes with it.
# The script sources this, in the root of the repository, under `set -euo pipefail`.

# Where cargo puts what it builds.
BUILT=${CARGO_TARGET_DIR:-target}

# Starts $1, a baton program, and waits until it listens. Sets URL, KEY (of an admin) and FOLDER, where it runs;
# out and err in FOLDER are what it says. BATON_LISTEN may name an address; without it the port is a free one.
# When the script ends, in whatever way, the service is stopped and the folder removed.
start_baton() {
  local program
  program=$(realpath "$1")
  FOLDER=$(mktemp -d)
  # A server that root starts runs as an account of its own, which must get in.
  chmod 755 "$FOLDER"
  trap stop_baton EXIT
  trap 'exit 130' INT TERM
  (cd "$FOLDER" && unset DATABASE_URL BATON_OWNER_DATABASE_URL BATON_DATA_DIR \
    && BATON_LISTEN=${BATON_LISTEN:-127.0.0.1:0} BATON_LOG=${BATON_LOG:-warn} exec "$program" > out 2> err) &
  SERVICE=$!
  for _ in $(seq 600); do
    if grep -q listens "$FOLDER/out"; then break; fi
    kill -0 "$SERVICE" 2> /dev/null || break
    sleep 0.1
  done
  if ! grep -q listens "$FOLDER/out"; then
    echo "Baton did not start:" >&2
    cat "$FOLDER/err" >&2
    return 1
  fi
  URL=$(grep -o 'http://[0-9.:]*' "$FOLDER/out" | head -1)
  KEY=$(grep -o 'bk_live_[0-9A-Za-z]*' "$FOLDER/out")
}

stop_baton() {
  if [ -n "${SERVICE:-}" ]; then
    kill "$SERVICE" 2> /dev/null || true
    wait "$SERVICE" 2> /dev/null || true
    SERVICE=
  fi
  rm -rf "${FOLDER:?}"
}
