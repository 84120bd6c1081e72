#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Refuses to run where a verdict would say nothing about the lane: status 3 on a GitHub-hosted
# runner, 4 for a label outside the taxonomy. A runner that does not say what it is counts as hosted.
#
#   LANE_LABEL           the label that the job asked for
#   RUNNER_ENVIRONMENT   what the runner says of itself; a workflow cannot overwrite RUNNER_*
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# refuse STATUS REASON: on one line, with the annotation's own escapes.
refuse() {
  printf '::error title=This runner is no GPU lane::%s\n' \
    "$(printf '%s' "$2" | tr '\r\n' '  ' | sed 's/%/%25/g')"
  exit "$1"
}

if [ "${RUNNER_ENVIRONMENT-}" != self-hosted ]; then
  refuse 3 "RUNNER_ENVIRONMENT is \"${RUNNER_ENVIRONMENT-}\": a lane runs on self-hosted runners only"
fi
status=0
reason=$(sh "$here/label.sh" "${LANE_LABEL-}" 2>&1) || status=$?
if [ "$status" -ne 0 ]; then
  refuse "$status" "$reason"
fi
printf 'lane %s on runner %s\n' "$LANE_LABEL" "${RUNNER_NAME:-without a name}"
