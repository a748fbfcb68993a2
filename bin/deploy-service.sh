#!/usr/bin/env bash
# Deploys one service with checks, verifies the serving revision, or rolls back; see backfill_jobs/DEPLOYMENT_GUIDE.md.
#
# A new revision gets no traffic until its checks pass: its complete environment matches infra/environment, it runs
# this commit and the expected model, and its predictions are correct. Checks that need the services' own network run
# in the Cloud Run job props-release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: ./bin/deploy-service.sh SERVICE [--image IMAGE@sha256:DIGEST] [--model gs://...]... [--override REASON]
           [--shadow gs://...]... | [--no-shadow]
       ./bin/deploy-service.sh SERVICE --verify | --rollback
       any of them with --dry-run

SERVICE is prediction-coordinator or prediction-worker.

  --image     an image by digest; it must be the one built from this commit, which is also the default
  --model     a bundle to serve (.cbm), once per system; its manifest names the system; default: the serving models
  --shadow    a bundle to run as a shadow model, once per model; --no-shadow: none; default: the current shadow models
  --override  reason to deploy a model that is not the champion, or to remove a variable set by hand
  --verify    read only: report differences between the serving revision and this checkout
  --rollback  give the traffic back to the previous revision
  --dry-run   show the changes, change nothing; without a project, show what can be checked in this clone

Environment: PROJECT and REGION (default: gcloud's core/project and run/region, us-west2),
WATCH_SECONDS (120): how long to watch for errors after the switch to the new revision.

Exit codes: 0 done, 1 refused before traffic, 2 usage, 3 rolled back, 4 rollback failed, 5 drift.
TEXT
}

readonly REFUSED=1 USAGE=2 ROLLED_BACK=3 ROLLBACK_FAILED=4 DRIFT=5
readonly JOB=props-release
readonly LOCK_SECONDS=3600
WATCH_SECONDS=${WATCH_SECONDS:-120}

models=() shadows=()
no_shadow='' service='' image='' override='' mode=deploy dry_run=''

say() { printf '%s\n' "$*" >&2; }

wrong() {
  say "deploy-service: $*"
  usage >&2
  exit "$USAGE"
}

parse() {
  while [ $# -gt 0 ]; do
    case "$1" in
    --image | --model | --shadow | --override)
      if [ $# -lt 2 ] || [ -z "$2" ]; then wrong "$1 needs a value"; fi
      case "$1" in
      --model) models+=("$2") ;;
      --shadow) shadows+=("$2") ;;
      *) printf -v "${1#--}" '%s' "$2" ;;
      esac
      shift
      ;;
    --verify | --rollback)
      if [ "$mode" != deploy ]; then wrong "use either --verify or --rollback"; fi
      mode=${1#--}
      ;;
    --no-shadow) no_shadow=yes ;;
    --dry-run) dry_run=yes ;;
    --help | -h)
      usage
      exit 0
      ;;
    -*) wrong "unknown option $1" ;;
    *)
      if [ -n "$service" ]; then wrong "expected one SERVICE, got $service and $1"; fi
      service=$1
      ;;
    esac
    shift
  done
  if [ -z "$service" ]; then wrong "no SERVICE given"; fi
  if [ "$mode" != deploy ] && [ -n "$image${models[*]}${shadows[*]}$no_shadow$override" ]; then
    wrong "--$mode takes no --image, --model, --shadow or --override"
  fi
  if [ "${#shadows[@]}" -gt 0 ] && [ -n "$no_shadow" ]; then wrong "use either --shadow or --no-shadow"; fi
  if [ -n "${models[*]}${shadows[*]}$no_shadow" ] && [ "$service" = prediction-coordinator ]; then wrong "$service serves no model"; fi
}

commit='' project='' region='' number='' who='' id='' new='' previous='' digest='' stage=before reason=''
model_path='' generation='' sha256='' pinned_path='' pinned_sha256='' bucket='' held='' tagged='' recorded='' first=''
work=$(mktemp -d)
readonly work

# shellcheck source=bin/release/cloud.sh
source bin/release/cloud.sh
# shellcheck source=bin/release/lock.sh
source bin/release/lock.sh
# shellcheck source=bin/release/before.sh
source bin/release/before.sh
# shellcheck source=bin/release/plan.sh
source bin/release/plan.sh
# shellcheck source=bin/release/revision.sh
source bin/release/revision.sh

record() { # OUTCOME
  local row=(deployments record --id "$id" --service "$service" --outcome "$1" --commit "${commit:-unknown}" --by "$who")
  if [ -n "$recorded" ] || [ -n "$dry_run" ]; then return 0; fi
  recorded=yes
  row+=(--action "$mode")
  if [ -n "$reason" ]; then row+=(--reason "${reason//$'\n'/; }"); fi
  if [ -n "$new" ]; then row+=(--revision "$new"); fi
  if [ -n "$previous" ]; then row+=(--previous "$previous"); fi
  if [ -n "$digest" ]; then row+=(--digest "$digest"); fi
  if [ -n "$model_path" ]; then row+=(--model "$model_path"); fi
  if [ -n "$generation" ]; then row+=(--generation "$generation"); fi
  if [ -n "$sha256" ]; then row+=(--sha256 "$sha256"); fi
  if [ -n "$override" ]; then row+=(--override "$override"); fi
  ask "${row[@]}" || say "NOT RECORDED. After fixing the cause, run: props$(printf ' %q' "${row[@]}")"
}

# Runs at every end, also after an error or a signal: gives back traffic that was switched, removes the tag from a
# refused revision, and releases the lock.
finish() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  set +e
  case "$stage-$code" in
  begun-0 | before-* | settled-*) ;;
  begun-*)
    code=$REFUSED
    record refused
    ;;
  switched-*)
    reason=${reason:-interrupted}
    roll_back
    code=$?
    ;;
  esac
  if [ -n "$tagged" ]; then
    gcloud run services update-traffic "$service" --project="$project" --region="$region" --quiet --format=none \
      --remove-tags=canary >"$work/tag.out" 2>&1 || say "the tag canary is still there: $(tail -n 1 "$work/tag.out")"
  fi
  unlock
  rm -rf "$work"
  exit "$code"
}

# Returns the exit code.
roll_back() {
  say "rolling back to $previous: $reason"
  if give_traffic "$previous" && has_traffic "$previous"; then
    record rolled_back
    say "rolled back: $previous serves"
    return "$ROLLED_BACK"
  fi
  record rollback_failed
  say "ROLLBACK FAILED. Run: gcloud run services update-traffic $service --region=$region --to-revisions=$previous=100"
  return "$ROLLBACK_FAILED"
}

deploy() {
  local since
  if [ -n "$dry_run" ] && ! has_project; then
    plan
    return 0
  fi
  check_tree
  place
  check_image
  begin
  look
  check_closed
  check_models
  plan_environment
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  deploy_revision
  if [ -n "$dry_run" ]; then
    say "environment, compared with ${previous:-no service yet}:"
    release changes --wanted "$work/wanted.json" ${previous:+--serving "$work/previous.json"} >&2
    give_traffic "$new"
    say "dry run: nothing was changed"
    return 0
  fi
  if [ -n "$first" ]; then open_to_the_check; fi
  check_canary
  if [ -n "$first" ]; then
    give_traffic "$new"
    verified "$new" "$since" || refuse "$reason"
  else
    still_serves "$previous"
    stage=switched
    give_traffic "$new"
    tagged=''
    verified "$new" "$since"
  fi
  stage=settled
  record succeeded
  say "$new serves; the previous revision is ${previous:-none}"
}

# Gives the traffic back to a revision that passed its checks, and checks it again at the service's address.
rollback() {
  local since from
  place
  begin
  look
  if [ -n "$first" ]; then refuse "$service does not exist"; fi
  from=$previous
  new=$(release get "$work/previous.json" metadata/labels/previous-revision)
  if [ -z "$new" ] || [ "$new" = none ]; then refuse "$from has no label of the previous revision"; fi
  read_revision "$new" "$work/previous.json" || refuse "revision $new does not exist"
  commit=$(variable BUILD_COMMIT) model_path=$(variable CATBOOST_V9_MODEL_PATH)
  generation=$(variable MODEL_GENERATION) sha256=$(variable MODEL_SHA256)
  pinned_path=$model_path pinned_sha256=$sha256
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  give_traffic "$new" || refuse "the traffic could not be given to $new"
  if [ -n "$dry_run" ]; then return 0; fi
  stage=settled
  if ! verified "$new" "$since"; then
    record rollback_failed
    say "ROLLBACK FAILED: $reason"
    exit "$ROLLBACK_FAILED"
  fi
  record succeeded
  say "$new serves again; the previous revision is $from"
}

# Prints the paths that are copied into the service's image.
sources() {
  printf '%s\n' shared services/__init__.py "services/${service//-/_}" "requirements/$service.lock"
}

verify() {
  local running found paths
  place
  look
  if [ -n "$first" ]; then
    say "drift: $service does not exist"
    exit "$DRIFT"
  fi
  read_policy
  running=$(variable BUILD_COMMIT) model_path=$(variable CATBOOST_V9_MODEL_PATH) sha256=$(variable MODEL_SHA256)
  commit=$running pinned_path=$model_path pinned_sha256=$sha256
  found=$(release drift --state "$work/service.json" --revision "$work/previous.json" --policy "$work/policy.json" \
    --service "$service" --project "$project" --number "$number" --region "$region" 2>&1) || true
  mapfile -t paths < <(sources)
  if ! git cat-file -e "$running^{commit}" 2>/dev/null; then
    found+=$'\n'"commit: $previous runs '$running', which is not in this clone"
  elif ! git diff --quiet "$running" HEAD -- "${paths[@]}"; then
    found+=$'\n'"commit: $previous runs ${running:0:8}; changed since then: $(git diff --name-only "$running" HEAD -- "${paths[@]}" | head -n 5 | tr '\n' ' ')"
  fi
  if [ "$service" = prediction-worker ] && ! ask models deployable "$model_path"; then
    found+=$'\n'"model: $model_path is not the champion"
  fi
  check_revision "$(release get "$work/service.json" status/url)" "$previous" ||
    found+=$'\n'"checks: $previous does not match its environment"
  ask deployments schema || found+=$'\n'"schema: the warehouse differs from shared/schemas"
  found=$(sed '/^$/d' <<<"$found")
  if [ -n "$found" ]; then
    say "drift:"
    say "$found"
    exit "$DRIFT"
  fi
  say "$previous serves ${running:0:8}, as declared"
}

parse "$@"
trap finish EXIT
trap 'reason=interrupted; exit 130' INT TERM
check_service_name
"$mode"
