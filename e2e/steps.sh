# Sourced by the Makefile's recipes: `step NAME COMMAND...` says what it does and how long it took; a table of all steps ends the run,
# also when one fails, and $hint, if set, when none does.
steps=() begun=$SECONDS

step() {
  local name=$1 start=$SECONDS status=0; shift
  printf '\n\e[1m==> %s\e[0m\n' "$name"
  "$@" || status=$?
  steps+=("$(printf '%-34s %6d s  %s' "$name" $((SECONDS - start)) "$([ $status = 0 ] && echo ok || echo "FAILED ($status)")")")
  return $status
}

# Runs a command beside the steps that follow, politely; `step NAME join` waits for it.
beside() { setsid nice -n 10 "$@" >"$(beside_log)" 2>&1 & beside_pid=$!; }
join() { local status=0; wait "$beside_pid" || status=$?; cat "$(beside_log)"; return $status; }
beside_log() { echo "${TMPDIR:-/tmp}/hanko-operator-beside.$$"; }

steps_table() {
  local status=$?
  # Nothing is left behind when a step fails while another runs beside it.
  if [ -n "${beside_pid:-}" ]; then kill -- "-$beside_pid" 2>/dev/null || true; fi
  if [ -n "${cleanup:-}" ]; then eval "$cleanup" || true; fi
  rm -f "$(beside_log)"
  printf '\n%-34s %8s\n' step time
  printf '%s\n' "${steps[@]}"
  printf '%-34s %6d s\n' total $((SECONDS - begun))
  if [ $status = 0 ] && [ -n "${hint:-}" ]; then printf '%s\n' "$hint"; fi
  exit $status
}
trap steps_table EXIT
