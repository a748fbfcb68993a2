# Checks before anything is changed; part of bin/deploy-service.sh.

check_service_name() {
  case "$service" in
  prediction-coordinator | prediction-worker) ;;
  *) refuse "unknown service $service, expected prediction-coordinator or prediction-worker" ;;
  esac
}

check_tree() {
  local dirty
  dirty=$(git status --porcelain)
  if [ -n "$dirty" ]; then refuse "the tree is dirty: $(head -n 3 <<<"$dirty" | tr '\n' ';')"; fi
  commit=$(git rev-parse HEAD)
}

check_digest() {
  digest=$(release digest "$image" 2>"$work/why") || refuse "$(cat "$work/why")"
}

check_image() {
  local name built
  if [ -n "$image" ]; then check_digest; fi
  name="$region-docker.pkg.dev/$project/props/$service"
  built=$(gcloud artifacts docker tags list "$name" --project="$project" --filter="tag~/tags/$commit$" \
    --format='value(version.basename())' 2>"$work/image.err") || refuse "$name: $(head -n 3 "$work/image.err")"
  if [ -z "$built" ]; then refuse "no image of commit $commit under $name"; fi
  if [ -n "$digest" ] && [ "$digest" != "$built" ]; then
    refuse "image $image is not the one built from $commit; expected $built"
  fi
  digest=$built
  image="$name@$digest"
}

look() { # reads the serving revision
  read_service "$work/service.json" || refuse "the service cannot be read"
  if [ ! -s "$work/service.json" ]; then
    first=yes
    number=$(gcloud projects describe "$project" --format='value(projectNumber)') || refuse "no project $project"
    return 0
  fi
  number=$(release get "$work/service.json" metadata/namespace)
  previous=$(release serving "$work/service.json" 2>"$work/why") || refuse "$(cat "$work/why")"
  read_revision "$previous" "$work/previous.json"
}

check_closed() {
  if [ -n "$first" ]; then return 0; fi
  read_policy
  release closed --policy "$work/policy.json" 2>"$work/why" || refuse "$(cat "$work/why")"
}

variable() { # NAME, of the serving revision
  if [ -z "$first" ]; then release variable "$work/previous.json" "$1"; fi
}

# Finds the exact objects of the models and checks that they may serve. Default without --model: the serving models.
check_models() {
  local path serving
  if [ "$service" != prediction-worker ]; then return 0; fi
  serving=$(variable CATBOOST_V9_MODEL_PATH)
  if [ "${#models[@]}" -eq 0 ]; then
    if [ -z "$serving" ]; then refuse "no model serves yet: use --model gs://... for every system that needs a model"; fi
    check_model "$serving" "$(variable MODEL_GENERATION)"
  fi
  for path in "${models[@]}"; do check_model "$path" ''; done
}

check_path() { # PATH of a bundle
  case "$1" in
  gs://*.cbm) ;;
  *) refuse "model $1: expected gs://BUCKET/NAME.cbm" ;;
  esac
}

check_model() { # PATH GENERATION; an empty generation is the newest
  local system gate
  model_path=$1 generation=$2
  check_path "$model_path"
  if [ -z "$generation" ]; then
    generation=$(gcloud storage objects describe "$model_path" --project="$project" --format='value(generation)' \
      2>"$work/model.err") || refuse "model $model_path: $(tail -n 1 "$work/model.err")"
  fi
  gcloud storage cat "${model_path%.cbm}.manifest.json" --project="$project" >"$work/manifest.json" \
    2>"$work/model.err" || refuse "model $model_path has no manifest: $(tail -n 1 "$work/model.err")"
  release model "$model_path" --manifest "$work/manifest.json" --generation "$generation" >>"$work/model.env" \
    2>"$work/why" || refuse "$(cat "$work/why")"
  system=$(release get "$work/manifest.json" system_id)
  sha256=$(release get "$work/manifest.json" sha256)
  gate=(models deployable "$model_path" --system "$system")
  if [ -n "$override" ]; then gate+=(--override "$override"); fi
  say "$system: $model_path, generation $generation, sha256 $sha256"
  ask "${gate[@]}" || refuse "model $model_path may not be deployed"
}

plan_environment() {
  local arguments=(--service "$service" --project "$project" --number "$number" --region "$region")
  local line
  if [ -z "$first" ]; then arguments+=(--serving "$work/previous.json"); fi
  if [ -n "$override" ]; then arguments+=(--drop-undeclared); fi
  arguments+=(--set "BUILD_COMMIT=$commit")
  if [ -s "$work/model.env" ]; then
    while IFS= read -r line; do arguments+=(--set "$line"); done <"$work/model.env"
  fi
  if [ "${#shadows[@]}" -gt 0 ]; then arguments+=(--set "SHADOW_MODEL_PATHS=$(
    IFS=,
    printf '%s' "${shadows[*]}"
  )"); fi
  if [ -n "$no_shadow" ]; then arguments+=(--unset SHADOW_MODEL_PATHS); fi
  release wanted "${arguments[@]}" >"$work/wanted.json" 2>"$work/why" || refuse "$(cat "$work/why")"
  pinned_path=$(release get "$work/wanted.json" CATBOOST_V9_MODEL_PATH)
  pinned_sha256=$(release get "$work/wanted.json" MODEL_SHA256)
  if [ "${#models[@]}" -gt 1 ]; then # of several models the V9 model is recorded
    model_path=$pinned_path sha256=$pinned_sha256 generation=$(release get "$work/wanted.json" MODEL_GENERATION)
  fi
}
