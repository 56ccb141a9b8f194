# Completion of the runs that have a note, the newest first: of each its name, if it has one, and its
# UUID. Only the names of the notes' files are read, UUID.json or NAME@UUID.json, and of these only
# those whose characters mean nothing to a shell: nothing is ever expanded or run.
_taskfarm_folders_of_notes() {
  local state=${XDG_STATE_HOME-} config=${XDG_CONFIG_HOME-}
  [[ $state == /* ]] || state=$HOME/.local/state
  [[ $config == /* ]] || config=$HOME/.config
  local folder
  for folder in "$state/taskfarm" "$HOME/Library/Application Support/taskfarm" \
    "${TASKFARM_CONFIG:-$config/taskfarm}"; do
    [[ -d $folder/runs ]] && printf '%s\0' "$folder/runs"
  done
}

# $1=the word to complete
_taskfarm_runs() {
  local folder runs
  runs=$(
    _taskfarm_folders_of_notes | while IFS= read -r -d '' folder; do
      command ls -t -- "$folder/" 2>/dev/null
    done | LC_ALL=C command sed -n -e 's/^\([0-9a-f]\{32\}\)\.json$/\1/p' \
      -e 's/^\([A-Za-z][A-Za-z0-9._-]\{0,63\}\)@\([0-9a-f]\{32\}\)\.json$/\1 \2/p'
  )
  compgen -W "$runs" -- "$1"
}

# $1=the word to complete; "_file" in the name tells shtab's code that these are names of files
_taskfarm_file() {
  compgen -f -- "$1"
}

# $1=the word to complete
_taskfarm_dir() {
  compgen -d -- "$1"
}

# Join what bash separates at ":", such as the parts of a URL, and separate what is on both sides of
# "=" in --option=value; sets words and cword of the caller.
_taskfarm_words() {
  local rest=$COMP_LINE word apart
  local -i i last
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]} apart=1 last=${#words[@]}-1
    [[ -n $word && $rest == "$word"* ]] && apart=0
    [[ -n $word ]] && rest=${rest#*"$word"}
    if ((apart || last < 1)); then
      words+=("$word")
    elif [[ $word == = && ${words[last]} == --* ]]; then
      words+=("")
    else
      words[last]+=$word
    fi
  done
  cword=${#words[@]}-1
}

# $1=the name of the function that shtab made, $2=whether a command follows --
_taskfarm_complete() {
  local -i i
  compopt -o nosort 2>/dev/null # bash>=4.4
  if [[ $2 = yes ]]; then
    for ((i = 1; i < COMP_CWORD; i++)); do
      if [[ ${COMP_WORDS[i]} == -- ]]; then
        _taskfarm_command $((i + 1))
        return
      fi
    done
  fi
  local -a words=()
  local -i cword
  _taskfarm_words
  local -a COMP_WORDS=("${words[@]}")
  local -i COMP_CWORD=cword
  "$1"
  # Of a word with ":", bash replaces only what is behind the last one.
  local word=${words[cword]}
  local before=${word%"${word##*:}"}
  [[ -z $before ]] || COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

# $1=the index of the command's first word
_taskfarm_command() {
  COMPREPLY=()
  if declare -F _comp_command_offset >/dev/null; then # bash-completion>=2.12
    _comp_command_offset "$1"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  else
    compopt -o default -o filenames 2>/dev/null
    local line
    ((COMP_CWORD == $1)) && while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
      compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
  fi
}
