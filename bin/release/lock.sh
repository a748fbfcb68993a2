# One deployment of a service at a time; part of bin/deploy-service.sh.

# The lock is an object with its holder and expiry in the metadata. Each write names the generation that it replaces,
# so of two concurrent writes one fails.
lock_object() { printf 'gs://%s/%s' "$bucket" "$service"; }

write_lock() { # UNTIL GENERATION
  printf '%s\n' "$id" >"$work/lock"
  gcloud storage cp "$work/lock" "$(lock_object)" --project="$project" --if-generation-match="$2" \
    --custom-metadata="holder=$id,until=$1" --quiet >"$work/lock.out" 2>&1
}

read_lock() { # prints GENERATION UNTIL HOLDER, nothing if there is no lock yet
  gcloud storage objects describe "$(lock_object)" --project="$project" \
    --format='value[separator=" "](generation,custom_fields.until,custom_fields.holder)' 2>"$work/lock.err" ||
    grep -q 'not found' "$work/lock.err" || { cat "$work/lock.err" >&2 && return 1; }
}

lock() {
  local found generation until holder
  found=$(read_lock) || refuse "the lock of $service cannot be read"
  read -r generation until holder <<<"$found"
  if [ -n "$until" ] && [ "$until" -gt "$(date +%s)" ]; then
    refuse "deployment $holder of $service is under way (until $(date -u -d "@$until" +%H:%M) UTC at the latest)"
  fi
  if ! write_lock "$(($(date +%s) + LOCK_SECONDS))" "${generation:-0}"; then
    cat "$work/lock.out" >&2
    refuse "the lock of $service is taken: another deployment began just now"
  fi
  found=$(read_lock) || refuse "the lock of $service cannot be read"
  read -r held until holder <<<"$found"
}

begin() {
  id="$(date -u +%Y%m%dT%H%M%SZ)-${commit:0:8}-$mode-$$"
  if [ -z "$dry_run" ]; then lock; fi
  stage=begun
}

unlock() {
  if [ -n "$held" ]; then write_lock 0 "$held" || say "the lock $(lock_object) could not be released"; fi
}
