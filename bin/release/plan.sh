# What a deployment would do, told without a project; part of bin/deploy-service.sh.

has_project() {
  if [ -n "${PROJECT:-${CLOUDSDK_CORE_PROJECT:-}}" ]; then return 0; fi
  [ -n "$(gcloud config get-value core/project 2>"$work/setting.err")" ]
}

# Everything that this clone can say by itself. PROJECT and PROJECT_NUMBER stand in it for the reader's own.
plan() {
  local refused='' path
  project=PROJECT number=PROJECT_NUMBER region=${REGION:-${CLOUDSDK_RUN_REGION:-us-west2}} first=yes
  commit=$(git rev-parse HEAD)
  say "no project: told is what this clone can say; set PROJECT, or gcloud config set core/project, for the rest"
  plan_environment
  tell_steps >&2
  say "environment, beside a service that is not there yet:"
  release changes --wanted "$work/wanted.json" >&2
  (check_tree) || refused=yes
  if [ -n "$image" ]; then (check_digest) || refused=yes; fi
  for path in "${models[@]}" "${shadows[@]}"; do (check_path "$path") || refused=yes; done
  if [ -n "$refused" ]; then exit "$REFUSED"; fi
  say "dry run: nothing was changed, and no cloud was asked"
}

tell_steps() {
  cat <<TEXT
would deploy $service at $commit, in this order:
  image        ${image:-the one built from this commit under $region-docker.pkg.dev/$project/props/$service}
               refused if there is none, or it was built from another commit
  lock         gs://$project-props-locks/$service
               refused if another deployment of it is under way
  what serves  gcloud run services describe $service
               refused if two revisions share the traffic, or anybody may call it
TEXT
  if [ "$service" = prediction-worker ]; then
    cat <<TEXT
  models       ${models[*]:-those that serve now}
               refused if one is not the champion of its system${override:+ (overridden: $override)}
TEXT
  fi
  cat <<TEXT
  revision     gcloud run deploy $service --no-traffic --tag=canary, with the environment below
               refused if a variable was set by hand, it does not start, or it answers with other than was meant
  traffic      gcloud run services update-traffic $service, then errors are waited for, $WATCH_SECONDS s
               rolled back if it fails at the service's address, or logs an error
  record       a row of nba_predictions.deployments, however it ends
TEXT
}
