# Completion of the runs that have a note, the newest first: of each its name, if it has one, and its
# UUID. Only the names of the notes' files are read, UUID.json or NAME@UUID.json, and of these only
# those whose characters mean nothing to a shell: nothing is ever expanded or run.
_taskfarm_runs() {
  setopt local_options extended_glob
  local state=$XDG_STATE_HOME config=$XDG_CONFIG_HOME folder expl
  [[ $state == /* ]] || state=$HOME/.local/state
  [[ $config == /* ]] || config=$HOME/.config
  local -a files runs
  for folder in $state/taskfarm "$HOME/Library/Application Support/taskfarm" \
    ${TASKFARM_CONFIG:-$config/taskfarm}; do
    files+=($folder/runs/(|[A-Za-z][A-Za-z0-9._-](#c0,63)@)[0-9a-f](#c32).json(N.om:t:r))
  done
  local file
  for file in $files; do
    [[ $file != *@* ]] || runs+=(${file%@*})
    runs+=(${file##*@})
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
