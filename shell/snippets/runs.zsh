# Completion of the runs that have a note, the newest first. Only the names of the notes' files are
# read, and of these only UUIDs are used: nothing that a name contains is ever expanded or run.
_taskfarm_runs() {
  setopt local_options extended_glob
  local state=$XDG_STATE_HOME config=$XDG_CONFIG_HOME folder expl
  [[ $state == /* ]] || state=$HOME/.local/state
  [[ $config == /* ]] || config=$HOME/.config
  local -a runs
  for folder in $state/taskfarm "$HOME/Library/Application Support/taskfarm" \
    ${TASKFARM_CONFIG:-$config/taskfarm}; do
    runs+=($folder/runs/[0-9a-f](#c32).json(N.om:t:r))
  done
  _wanted -V runs expl run compadd "$@" -a runs
}

# Complete the command behind --, as if it stood alone.
_taskfarm_command() {
  local -i dashes=${words[(ie)--]}
  ((dashes < CURRENT)) || return 1
  shift $dashes words
  ((CURRENT -= dashes))
  _normal -p workTF
}
