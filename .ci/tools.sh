# shellcheck shell=bash
# Installs what a script of `.ci` needs. The script sources this, in the root of the repository.

# What programs say when no registry can be reached.
UNREACHABLE='Temporary failure|Could not resolve|Name or service not known|getaddrinfo|ENOTFOUND|EAI_AGAIN'
UNREACHABLE="$UNREACHABLE|Failed to establish a new connection|Connection refused|ECONNREFUSED|Network is unreachable"
UNREACHABLE="$UNREACHABLE|ENETUNREACH|timed out|ETIMEDOUT|Connection reset|ECONNRESET|Could not connect|Cannot connect to proxy"

# Runs a command that downloads. A registry that is out of reach is no failure of ours: the script ends well, and says
# that it was skipped.
download() {
  local said
  if said=$("$@" 2>&1); then return; fi
  if grep -qE "$UNREACHABLE" <<< "$said"; then
    echo "SKIPPED: $(basename "$0") found no network for: $*" >&2
    exit 0
  fi
  printf 'this failed: %s\n%s\n' "$*" "$said" >&2
  exit 1
}

# Installs package $2 … of this system's package manager if test $1 fails.
need() {
  local test=$1 sudo=()
  shift
  if eval "$test" > /dev/null 2>&1; then return; fi
  if [ "$(id -u)" != 0 ]; then sudo=(sudo ${CI:+-n}); fi
  if command -v apt-get > /dev/null; then
    download "${sudo[@]}" apt-get update -qq
    download "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  elif command -v dnf > /dev/null; then
    download "${sudo[@]}" dnf install -y -q "${@/python3-venv/python3}"
  elif command -v apk > /dev/null; then
    download "${sudo[@]}" apk add -q "${@/python3-venv/python3}"
  elif command -v brew > /dev/null; then
    download brew install -q "${@/python3-venv/python3}"
  fi
  eval "$test" > /dev/null || { echo "$(basename "$0") needs $*" >&2; exit 1; }
}

# Makes folder $1 a Python environment with the packages that file $2 pins. PYTHON is its interpreter afterwards.
python_environment() {
  PYTHON=$1/bin/python
  if cmp -s "$2" "$1/requirements"; then return; fi
  need 'python3 -c "import ensurepip, venv"' python3 python3-venv
  rm -rf "$1"
  python3 -m venv "$1"
  download "$PYTHON" -m pip install -q --disable-pip-version-check --retries 2 -r "$2"
  cp "$2" "$1/requirements"
}
