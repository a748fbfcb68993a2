# Reads and changes of the cloud; part of bin/deploy-service.sh.

release() { python3 -m infra.release "$@"; }

refuse() {
  reason=$*
  if [ "$mode" = verify ]; then
    say "drift: $*"
    exit "$DRIFT"
  fi
  say "refused: $*"
  exit "$REFUSED"
}

# Runs a command that changes something; with --dry-run prints it only.
change() {
  if [ -n "$dry_run" ]; then
    printf '+'
    printf ' %q' "$@"
    printf '\n'
  else
    "$@"
  fi
}

setting() { # VARIABLE PROPERTY DEFAULT
  local found
  found=$(gcloud config get-value "$2" 2>"$work/setting.err") || { say "$(cat "$work/setting.err")" && return 1; }
  printf -v "$1" '%s' "${found:-$3}"
}

place() {
  project=${PROJECT:-${CLOUDSDK_CORE_PROJECT:-}} region=${REGION:-${CLOUDSDK_RUN_REGION:-}}
  if [ -z "$project" ]; then setting project core/project ''; fi
  if [ -z "$region" ]; then setting region run/region us-west2; fi
  if [ -z "$project" ]; then refuse "no project: set PROJECT or gcloud config set core/project"; fi
  who=${DEPLOYED_BY:-}
  if [ -z "$who" ]; then setting who core/account "$(id -un)"; fi
  bucket="$project-props-locks"
}

read_service() { # FILE
  if gcloud run services describe "$service" --project="$project" --region="$region" --format=json \
    >"$1" 2>"$work/describe.err"; then
    return 0
  fi
  if grep -q 'Cannot find service' "$work/describe.err"; then
    : >"$1"
    return 0
  fi
  cat "$work/describe.err" >&2
  return 1
}

read_revision() { # NAME FILE
  gcloud run revisions describe "$1" --project="$project" --region="$region" --format=json >"$2"
}

read_policy() {
  gcloud run services get-iam-policy "$service" --project="$project" --region="$region" --format=json \
    >"$work/policy.json"
}

# Runs `props` in the network of the services. Its output is shown if it fails.
ask() {
  local arguments execution
  arguments=$(release list -- "$@") || return 1
  if gcloud run jobs execute "$JOB" --project="$project" --region="$region" --wait --quiet --format=none \
    --args="$arguments" >"$work/ask.out" 2>&1; then
    return 0
  fi
  execution=$(sed -n 's/^gcloud run jobs executions describe //p' "$work/ask.out")
  if [ -z "$execution" ]; then
    cat "$work/ask.out" >&2
  else
    gcloud logging read "resource.type=\"cloud_run_job\" AND labels.\"run.googleapis.com/execution_name\"=\"$execution\"" \
      --project="$project" --order=asc --limit=50 --format='value(textPayload)' >&2 || true
    say "(execution $execution of $JOB)"
  fi
  return 1
}
