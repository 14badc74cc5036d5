#!/bin/sh
# Leaves a task in the inbox and picks up its answer, with nothing but the NATS command line, `nats` (github.com/nats-io/natscli):
# whoever chooses the key knows the run. 03-from-bare-nats.ts does the same with the official client library.
#
#   sh examples/03-from-bare-nats.sh '{"goal":"Launch a small online shop"}' [KEY]
#
# The broker is that of NATS_URL, or of the current `nats context`. A refused task has no run to wait for: `npx genesis dlq list` shows it.
set -eu
[ $# -gt 0 ] || { echo "usage: sh examples/03-from-bare-nats.sh JSON [KEY]" >&2; exit 2; }
payload=$1
key=${2:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}

# The run is the first 32 hex digits of SHA-256 over "key|" and the key.
run=$(printf 'key|%s' "$key" | sha256sum | cut -c1-32)

# The stream's answer to a request says that the task is on disk; `nats pub` does not wait for it. Without --no-templates the tool
# would read {{…}} in the payload as instructions to itself.
nats request --raw --no-templates -H "idempotency-key: $key" genesis.tasks "$payload" >&2

# Direct get: the last message on a subject of a stream. There is no JSON object while there is none.
until answer=$(nats request --raw "\$JS.API.DIRECT.GET.GENESIS.genesis.v1.run.finished.$run.once" "") &&
  [ "${answer#\{}" != "$answer" ]; do
  sleep 0.2
done
printf '%s\n' "$answer"
