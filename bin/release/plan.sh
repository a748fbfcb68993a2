# The steps of a deployment, shown without a project; part of bin/deploy-service.sh.

has_project() {
  if [ -n "${PROJECT:-${CLOUDSDK_CORE_PROJECT:-}}" ]; then return 0; fi
  [ -n "$(gcloud config get-value core/project 2>"$work/setting.err")" ]
}

# Shows what this clone can check by itself. PROJECT and PROJECT_NUMBER are placeholders.
plan() {
  local refused='' path
  project=PROJECT number=PROJECT_NUMBER region=${REGION:-${CLOUDSDK_RUN_REGION:-us-west2}} first=yes
  commit=$(git rev-parse HEAD)
  say "no project: only checks of this clone; for the rest set PROJECT, or gcloud config set core/project"
  plan_environment
  tell_steps >&2
  say "environment, compared with no service yet:"
  release changes --wanted "$work/wanted.json" >&2
  (check_tree) || refused=yes
  if [ -n "$image" ]; then (check_digest) || refused=yes; fi
  for path in "${models[@]}" "${shadows[@]}"; do (check_path "$path") || refused=yes; done
  if [ -n "$refused" ]; then exit "$REFUSED"; fi
  say "dry run: nothing was changed, and no cloud was used"
}

tell_steps() {
  cat <<TEXT
would deploy $service at $commit, in this order:
  image        ${image:-the one built from this commit under $region-docker.pkg.dev/$project/props/$service}
               refused if it does not exist or was built from another commit
  lock         gs://$project-props-locks/$service
               refused if another deployment of the service is running
  revisions    gcloud run services describe $service
               refused if two revisions share the traffic, or if the service is public
TEXT
  if [ "$service" = prediction-worker ]; then
    cat <<TEXT
  models       ${models[*]:-the serving models}
               refused if one is not the champion of its system${override:+ (overridden: $override)}
TEXT
  fi
  cat <<TEXT
  revision     gcloud run deploy $service --no-traffic --tag=canary, with the environment below
               refused if a variable was set by hand, it does not start, or a check of it fails
  traffic      gcloud run services update-traffic $service, then watch for errors, $WATCH_SECONDS s
               rolled back if a check at the service's address fails, or an error is logged
  record       a row of nba_predictions.deployments, for every outcome
TEXT
}
