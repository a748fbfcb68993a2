# A new revision, its checks, and the traffic; part of bin/deploy-service.sh.

deploy_revision() {
  local flags suffix account
  suffix="r$(date -u +%m%d%H%M%S)-${commit:0:8}"
  new="$service-$suffix"
  mapfile -t flags < <(release flags --wanted "$work/wanted.json" --template "$work/service.json")
  flags+=("--image=$image" "--revision-suffix=$suffix"
    "--update-labels=commit-sha=$commit,previous-revision=${previous:-none}")
  if [ -n "$first" ]; then
    # The first revision of a service cannot be without traffic; the service is closed, so only the check calls it.
    account="props-${service#prediction-}@$project.iam.gserviceaccount.com"
    flags+=(--no-allow-unauthenticated --ingress=internal "--service-account=$account"
      --cpu=2 --memory=2Gi --concurrency=80 --max-instances=4 --execution-environment=gen2
      "--network=props" "--subnet=props" --vpc-egress=all-traffic
      "--set-custom-audiences=$(release audience "$service" "$project")")
  else
    flags+=(--no-traffic --tag=canary)
    if [ -z "$dry_run" ]; then tagged=yes; fi
  fi
  change gcloud run deploy "$service" --project="$project" --region="$region" --quiet --format=none "${flags[@]}" \
    >&2 || refuse "$new did not become ready"
}

open_to_the_check() { # first deployment only: Terraform grants all other callers
  gcloud run services add-iam-policy-binding "$service" --project="$project" --region="$region" --quiet --format=none \
    --member="serviceAccount:props-release@$project.iam.gserviceaccount.com" --role=roles/run.invoker
}

check_revision() { # ADDRESS REVISION; expects commit, model_path and sha256
  local question=(deployments check "$1" --service "$service" --revision "$2")
  question+=(--audience "$(release audience "$service" "$project")")
  if [ -n "$commit" ]; then question+=(--commit "$commit"); fi
  if [ "$service" = prediction-worker ]; then
    if [ -n "$pinned_path" ]; then question+=(--model "$pinned_path"); fi
    if [ -n "$pinned_sha256" ]; then question+=(--sha256 "$pinned_sha256"); fi
  fi
  ask "${question[@]}"
}

check_canary() {
  local address
  read_service "$work/canary.json" || refuse "the service cannot be read"
  read_revision "$new" "$work/new.json" || refuse "$new cannot be read"
  release compare --revision "$work/new.json" --wanted "$work/wanted.json" --image "$image" 2>"$work/why" ||
    refuse "$new differs from the plan: $(cat "$work/why")"
  if [ -n "$first" ]; then
    address=$(release get "$work/canary.json" status/url)
  else
    address=$(release tag-url "$work/canary.json" --revision "$new" 2>"$work/why") || refuse "$(cat "$work/why")"
  fi
  check_revision "$address" "$new" || refuse "$new did not pass"
  say "$new passed under $address"
}

give_traffic() { # REVISION; also removes the canary tag
  change gcloud run services update-traffic "$service" --project="$project" --region="$region" --quiet \
    --format=none --to-revisions="$1=100" --remove-tags=canary >&2
}

has_traffic() { # REVISION; reads the status, not the spec
  local there
  read_service "$work/after.json" || return 1
  there=$(release serving "$work/after.json" 2>"$work/why") || { say "$(cat "$work/why")" && return 1; }
  if [ "$there" != "$1" ]; then
    say "$there has the traffic, expected $1"
    return 1
  fi
}

still_serves() { # PREVIOUS
  read_service "$work/before.json" || refuse "the service cannot be read"
  if [ "$(release serving "$work/before.json" 2>/dev/null)" != "$1" ]; then
    refuse "$1 does not serve any more: the traffic was changed elsewhere"
  fi
}

quiet() { # REVISION SINCE: no log line of severity ERROR, except the alarm about an overridden model
  local lines filter
  filter="resource.type=\"cloud_run_revision\" AND resource.labels.revision_name=\"$1\""
  filter+=" AND severity>=ERROR AND timestamp>=\"$2\""
  if [ -n "$override" ]; then filter+=" AND NOT jsonPayload.event=\"model_alarm\""; fi
  sleep "$WATCH_SECONDS"
  lines=$(gcloud logging read "$filter" --project="$project" --limit=5 \
    --format='value(severity,textPayload,jsonPayload.message)') || return 1
  if [ -n "$lines" ]; then
    say "$lines"
    return 1
  fi
}

verified() { # REVISION SINCE
  reason="$1 does not have the traffic"
  has_traffic "$1" || return 1
  reason="$1 fails its checks at the service's address"
  check_revision "$(release get "$work/after.json" status/url)" "$1" || return 1
  reason="$1 logs errors"
  quiet "$1" "$2" || return 1
  reason=''
}
